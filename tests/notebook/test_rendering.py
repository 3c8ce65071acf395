"""What is shown of an instance."""

from __future__ import annotations

import pathlib
import re
from typing import Mapping

import pytest

from jupyter_notebook_stop import schema, translation
from jupyter_notebook_stop.notebook.rendering import instance_html, instance_text
from jupyter_notebook_stop.policy import labels
from jupyter_notebook_stop.policy.views import other_stop
from jupyter_notebook_stop.schema import Attempt, Instance, Lease
from jupyter_notebook_stop.translation import CHINESE, translate


def test_the_auto_stop_is_no_news_while_the_instance_is_stopping() -> None:
    for status, shown in ((None, True), ("RUNNING", True), ("STOPPING", False)):
        instance = Instance(id="id", status=status, lease=Lease(type="timing", expires_at=1_700_000_000_000))
        assert ("Auto-stop" in instance_text(instance)) is shown
        assert ("Auto-stop" in instance_html(instance)) is shown


@pytest.mark.parametrize(
    ("language", "shown"),
    [("en", "accepted, requested from a terminal"), ("zh_CN", "停止请求已受理，来源：终端")],
)
def test_an_attempt_is_told_in_words(language: str, shown: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(translation, "_chosen", language)
    instance = Instance(id="id", status="STOPPING", attempt=Attempt(phase="accepted", source="terminal"))
    assert shown in instance_text(instance)
    assert shown in instance_html(instance)


@pytest.mark.parametrize(
    ("codes", "struct", "field"), [(labels.PHASES, "Attempt", "phase"), (labels.SOURCES, "StopRequest", "source")]
)
def test_every_code_of_an_attempt_has_a_name(codes: Mapping[str, str], struct: str, field: str) -> None:
    contract = (pathlib.Path(schema.__file__).parent / "server" / "rest-api.yml").read_text(encoding="utf-8")
    described = contract.partition(f"\n    {struct}:\n")[2]
    enumeration = re.search(rf"\n +{field}:.*?enum: \[([^\]]*)\]", described, re.DOTALL)
    assert enumeration
    assert {*re.findall(r"\w+", enumeration[1])} - {*codes} == set()
    assert [name for name in codes.values() if not re.search("[\u4e00-\u9fff]", translate(name, CHINESE))] == []


def test_a_stop_that_is_refused_names_the_first_one() -> None:
    error = other_stop(Attempt(id="first", source="schedule"))
    assert "requested from a schedule" in error.message
    error.localize(CHINESE)
    assert error.message == "另一个停止操作正在进行，且选项与本次不同（停止操作 ID：first，来源：停止计划）。"
