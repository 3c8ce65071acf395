"""The server answers each request in the language that it asks for; its log stays English."""

from __future__ import annotations

from typing import Any

import pytest

from jupyter_notebook_stop.simulator import ThreadedSimulator

from .conftest import Fetch

CHINESE = {"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.8"}


async def test_an_error_and_its_remedy(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture, fetch: Fetch, simulator: ThreadedSimulator
) -> None:
    simulator.settings.deny("stop")
    body = {"instance_id": simulator.instance_id, "save": "none"}
    status, chinese = await fetch("POST", "stop", body=body, headers=CHINESE)
    assert status == 502
    assert chinese["remedy"].startswith("请联系管理员")
    assert "modelarts:notebook:stop" in chinese["remedy"]
    # The attempt has one outcome, which each reader gets in a language of their own.
    _, seen = await fetch("GET", "instance", headers=CHINESE)
    assert seen["attempt"]["error"]["remedy"] == chinese["remedy"]
    _, seen = await fetch("GET", "instance")
    assert seen["attempt"]["error"]["remedy"].startswith("Ask an administrator")
    assert (seen["attempt"]["error"]["code"], chinese["code"]) == ("ModelArts.0112", "ModelArts.0112")
    # The logger of an extension passes lines on to others in new releases of traitlets only.
    logged = caplog.text + capfd.readouterr().err
    assert "Ask an administrator" in logged
    assert "请联系管理员" not in logged


@pytest.mark.parametrize(
    ("method", "path", "body", "said"),
    [
        ("DELETE", ["stop", "unknown"], None, "找不到该停止操作。"),
        ("POST", ["stop"], {"instance_id": "another"}, "请求针对的是另一个实例"),
        ("POST", ["stop"], {"instance_id": 1}, "请求体无效："),
    ],
)
async def test_what_is_refused(
    fetch: Fetch, simulator: ThreadedSimulator, method: str, path: list[str], body: Any, said: str
) -> None:
    _, problem = await fetch(method, *path, body=body, headers=CHINESE)
    assert problem["message"].startswith(said)
    _, problem = await fetch(method, *path, body=body)
    assert problem["message"].isascii()


async def test_the_sources(fetch: Fetch, simulator: ThreadedSimulator) -> None:
    _, instance = await fetch("GET", "instance", headers=CHINESE)
    assert "环境变量" in " ".join(instance["sources"].values())
    assert instance["status"] == "RUNNING"
