"""Every text has a translation, and each surface speaks the language of its reader."""

from __future__ import annotations

import copy
import importlib.util
import json
import pickle
import sys
from pathlib import Path
from typing import Any, Iterator

import msgspec
import pytest
from jupyterlab_server.translation_utils import get_language_pack

from jupyter_notebook_stop import translation
from jupyter_notebook_stop.errors import CredentialsError, SaveError
from jupyter_notebook_stop.translation import (
    CHINESE,
    ENGLISH,
    Text,
    _,
    _n,
    encode_translated,
    from_jsonable,
    gettext,
    process_language,
    requested_language,
    sentences,
    set_language,
    to_jsonable,
    translate,
)

ROOT = Path(__file__).parents[1]


def _catalogue() -> Any:
    spec = importlib.util.spec_from_file_location("catalogue", ROOT / "translations" / "catalogue.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


catalogue = _catalogue()


@pytest.fixture(autouse=True)
def _process_speaks_as_before() -> Iterator[None]:
    before = translation._chosen
    yield
    translation._chosen = before


def test_every_text_is_translated_and_compiled() -> None:
    current = catalogue.updated(catalogue.translations())
    assert catalogue.problems(current) + catalogue.stale(current) == []


@pytest.mark.parametrize(
    ("source", "string", "flags", "problem"),
    [
        ("Stopped.", "", [], "missing"),
        ("Stopped.", "已停止。", ["fuzzy"], "fuzzy"),
        ("{name} stopped.", "已停止。", [], "other placeholders"),
        ("Stopped at %1.", "已在 %2 停止。", [], "other placeholders"),
        ("Stopped, saved.", "已停止,已保存。", [], "half-width punctuation"),
        ("ModelArts stopped.", "ModelArts已停止。", [], "no space between Chinese and Latin"),
    ],
)
def test_what_a_check_finds(source: str, string: str, flags: list[str], problem: str) -> None:
    catalog = catalogue._catalog()
    catalog.add(source, string, flags=flags)
    (found,) = catalogue.problems(catalog)
    assert found.startswith(problem)


def test_a_text_that_is_new_or_gone_makes_the_files_stale(monkeypatch: pytest.MonkeyPatch) -> None:
    found = list(catalogue.extracted())
    monkeypatch.setattr(catalogue, "extracted", lambda: iter([*found, catalogue.Found("a.py", "A new text.")]))
    new = catalogue.updated(catalogue.translations())
    assert catalogue.problems(new) == ["missing: 'A new text.'"]
    assert len(catalogue.stale(new)) >= 1
    gone = found[0].id
    monkeypatch.setattr(catalogue, "extracted", lambda: iter([each for each in found if each.id != gone]))
    assert len(catalogue.stale(catalogue.updated(catalogue.translations()))) >= 1


def test_jupyterlab_finds_the_texts_of_the_page() -> None:
    packs, message = get_language_pack(CHINESE)
    assert message.strip() == ""
    texts = packs[catalogue.DOMAIN]
    assert texts["Stop this instance"] == ["停止此实例"]
    assert texts["settings\x04Grace period"] == ["空闲时长"]
    # Of a plural JupyterLab wants more than one form.
    assert texts["%1 second left"] == ["剩余 %1 秒"] * 2
    assert texts[""]["language"] == "zh-CN"


def test_a_text_is_english_until_it_is_translated() -> None:
    why = _("not saved")
    text = _("{path}: {reason}", path="a.ipynb", reason=why)
    assert (text, f"{text}", json.dumps(text)) == (("a.ipynb: not saved",) * 2 + ('"a.ipynb: not saved"',))
    assert text.into(CHINESE) == "a.ipynb（未保存）"
    assert text.into(ENGLISH) == text
    assert type(text.into(ENGLISH)) is str
    assert _("; ").join([text, text]).into(CHINESE) == "a.ipynb（未保存）；a.ipynb（未保存）"
    assert sentences(_("Try again."), None, _("Try again later.")).into(CHINESE) == "请重试。请稍后重试。"
    assert translate("from outside", CHINESE) == "from outside"


def test_no_parts_make_no_text() -> None:
    nothing = _("; ").join([])
    assert (str(nothing), nothing.into(CHINESE), from_jsonable(to_jsonable(nothing)).into(CHINESE)) == ("", "", "")


def test_plurals() -> None:
    forms = "{n} more", "{n} more"
    assert (_n(*forms, 1), _n(*forms, 3)) == ("1 more", "3 more")
    assert _n(*forms, 3).into(CHINESE) == "另有 3 项"


def test_a_text_survives_copies_and_files() -> None:
    text = _("; ").join([_("{path}: {reason}", path="a", reason=_("not saved")), "b"])
    kept = from_jsonable(msgspec.json.decode(msgspec.json.encode(to_jsonable(text))))
    for copied in (copy.deepcopy(text), pickle.loads(pickle.dumps(text)), kept):
        assert (copied, translate(copied, CHINESE)) == (text, "a（未保存）；b")


def test_a_text_of_another_version_stays_english() -> None:
    text = Text("Stopped: a", "{path}: {reason}", arguments={"path": "a"})
    assert text.into(CHINESE) == "Stopped: a"


def test_json_is_written_in_a_language() -> None:
    assert (
        msgspec.json.encode([_("not saved")], enc_hook=lambda text: encode_translated(text, CHINESE))
        == '["未保存"]'.encode()
    )
    with pytest.raises(NotImplementedError):
        encode_translated(object(), CHINESE)


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", ENGLISH),
        ("zh-CN", CHINESE),
        ("zh", CHINESE),
        ("zh-Hans-CN;q=0.9, fr", CHINESE),
        ("zh-TW", ENGLISH),
        ("en-GB,zh-CN;q=0.9", ENGLISH),
        ("fr,zh-CN;q=0.8,en;q=0.5", CHINESE),
        ("zh-CN;q=0, en;q=0", ENGLISH),
        ("zh-CN;q=x", ENGLISH),
        ("*", ENGLISH),
        (";;,;q=1", ENGLISH),
    ],
)
def test_the_language_that_a_request_prefers(header: str, language: str) -> None:
    assert requested_language(header) == language


@pytest.mark.parametrize(
    ("environ", "language"),
    [
        ({}, ENGLISH),
        ({"LANG": "zh_CN.UTF-8"}, CHINESE),
        ({"LANG": "zh_TW.UTF-8"}, ENGLISH),
        ({"LANG": "zh_CN.UTF-8", "LC_MESSAGES": "C.UTF-8"}, ENGLISH),
        ({"LANG": "en_US.UTF-8", "LANGUAGE": "de:zh_CN:en"}, CHINESE),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": ""}, CHINESE),
    ],
)
def test_the_language_of_a_process(environ: dict[str, str], language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    set_language("")
    assert process_language() == language
    set_language("zh_CN")
    assert (process_language(), gettext("not saved")) == (CHINESE, "未保存")
    set_language("xx")
    assert process_language() == ENGLISH


def test_an_exception_speaks_english_until_it_is_raised_for_a_reader() -> None:
    error = CredentialsError(_("No credentials found. Sources in order: {reasons}.", reasons=_("none configured")))
    assert str(error) == "No credentials found. Sources in order: none configured. [no_credentials]"
    error.localize(CHINESE)
    assert str(error) == "未找到凭证。已依次查找：未配置任何来源。 [no_credentials]"
    unsaved = SaveError(_("Nothing was stopped: {reasons}.", reasons=_("open documents could not be saved")))
    unsaved.documents = ({"path": "a.ipynb", "reason": _("no report in time")},)
    unsaved.localize(CHINESE)
    assert unsaved.document_lines == ["a.ipynb（未及时响应）"]
    assert str(unsaved).endswith("未保存：a.ipynb（未及时响应）")


def test_no_catalogue_is_read_for_readers_of_english() -> None:
    # In a process of its own, since this one has read it.
    import subprocess

    script = (
        "import sys; from jupyter_notebook_stop.translation import _, _catalogue; _('{a}', a=1).into('en');"
        "sys.exit(_catalogue('en') is not None or 'gettext' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_a_command_is_found_by_a_chinese_search() -> None:
    # JupyterLab's palette begins a match at a Latin word, so that the category has to have one.
    texts = json.loads(catalogue.JSON.read_text(encoding="utf-8"))
    assert texts["Instance"] == ["ModelArts 实例"]
