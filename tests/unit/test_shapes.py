"""The shape of what the service responses: what is new in it is seen, and what is in it is not."""

from __future__ import annotations

import json
import pathlib
from typing import Any, Iterable, List

import pytest

from jupyter_notebook_stop.modelarts.last_responses import MAX_RESPONSES, LastResponses
from jupyter_notebook_stop.modelarts.shapes import HIDDEN_NAME, MAX_BODY, MAX_FIELDS, NOTEBOOK, shape_of, text_of_code

EXAMPLE = pathlib.Path(__file__).with_name("example_answer.json").read_bytes()
SECRET = "Zq7canarySecretKeyValue0123456789"


def lines_of(document: Any, secrets: Iterable[str] = ()) -> List[str]:
    return shape_of(json.dumps(document).encode(), NOTEBOOK, secrets).lines


def test_the_documented_example_differs_in_nothing() -> None:
    lines = shape_of(EXAMPLE, NOTEBOOK).lines
    assert "status - STOPPING" in lines
    assert "id - text (a UUID)" in lines
    assert "lease.enable - true" in lines
    assert [line for line in lines if "documented" in line] == []
    for value in json.loads(EXAMPLE).values():
        # Values of enumerations are told, and nothing else.
        if isinstance(value, str) and value and value not in ("STOPPING", "NOTEBOOK", "DEFAULT"):
            assert not any(value in line for line in lines), value


@pytest.mark.parametrize(
    ("document", "line"),
    [
        ({"lease": {"duration": "3600000"}}, "lease.duration - text (digits) (documented: integer or null)"),
        ({"volume": ["EVS"]}, "volume - list of 1 (documented: object or null)"),
        ({"stop_reason": "x"}, "stop_reason - text (not documented)"),
        ({"image": {"cudaVersion": 12}}, "image.cudaVersion - integer, 2-digit (not documented)"),
        ({"status": "HIBERNATING"}, "status - HIBERNATING (value not documented)"),
        ({"status": "alice"}, "status - text"),
        ({"status": "stopped already, ask alice"}, "status - text"),
        ({"lease": {"create_at": 1700000000000}}, "lease.create_at - integer, 13-digit"),
        ({"billing_items": ["ALL", 2, "ALL"]}, "billing_items[] - ALL | integer, 1-digit (documented: text)"),
        ({"token": "x"}, "token - text"),
        ({"name": None}, "name - null"),
    ],
)
def test_what_differs_is_told(document: Any, line: str) -> None:
    assert [found for found in lines_of(document) if found.startswith(line)], lines_of(document)


@pytest.mark.parametrize(
    "name",
    [
        SECRET,
        SECRET[:20],
        "canary_secret_key",
        "CANARY-SECRET-KEY",
        "secret_key_value",
        "0123456789abcdef0123456789abcdef",
        "a" * 49,
        "with space",
        "new\nline",
        "<b>",
        "alice@example.com",
        "id_20260101_7",
    ],
)
@pytest.mark.parametrize("deep", [False, True])
def test_a_name_that_may_give_something_away_is_not_shown(name: str, deep: bool) -> None:
    document: Any = {name: 1}
    lines = lines_of({"later": [document]} if deep else document, [SECRET])
    assert lines[-1].partition(" - ")[0].endswith(HIDDEN_NAME)
    assert not any(name in line or name[:12] in line for line in lines)


def test_the_token_of_the_answer_itself_is_no_name_either() -> None:
    lines = lines_of({"token": "open-sesame-please", "openSesamePlease": 1, "open_sesame": 2, "opening": 3})
    assert "opening - integer, 1-digit (not documented)" in lines
    assert not any("esame" in line for line in lines)


def test_an_unknown_value_that_is_a_secret_is_not_shown() -> None:
    assert lines_of({"status": "CANARYSECRETKEY"}, [SECRET])[-1] == "status - text"


@pytest.mark.parametrize(
    ("body", "line"),
    [
        (b"", "(all) - nothing"),
        (b"<html>x</html>", "(all) - HTML"),
        (b"secret", "(all) - no JSON"),
        (b"\xff{", "(all) - no JSON"),
        (b"[" * 5000 + b"]" * 5000, "(all) - JSON nested too deeply"),
        (b'"' + b"x" * MAX_BODY + b'"', f"(all) - more than {MAX_BODY} bytes"),
        (b'"text"', "(all) - text (documented: object)"),
    ],
)
def test_what_is_no_object(body: bytes, line: str) -> None:
    assert shape_of(body, NOTEBOOK).lines == [line]


def test_there_is_an_end_to_it() -> None:
    nested: Any = {}
    for _ in range(100):
        nested = {"more": nested}
    assert len(lines_of(nested)) < 10
    many = lines_of({f"f{'x' * (number % 40)}_{number // 40}": number for number in range(2000)})
    assert len(many) == MAX_FIELDS + 1
    assert len(lines_of({"tags": [{"key": "x"}] * 3000})) == 4


def test_an_error_tells_code_and_action_and_nothing_else() -> None:
    body = {"error_code": "ModelArts.0112", "error_msg": "alice may not modelarts:notebook:stop", "request_id": "r-1"}
    lines = shape_of(json.dumps({"error": body}).encode()).lines
    assert "error.error_code - ModelArts.0112" in lines
    assert "error.error_msg - text that names modelarts:notebook:stop" in lines
    assert "alice" not in "".join(lines)


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("ModelArts.6357", "ModelArts.6357"),
        ("http_502", "http_502"),
        ("connect_timeout", "connect_timeout"),
        ("a " * 30, "a code of another form"),
        (SECRET, "a code of another form"),
        ("canarySecretKey", "a code of another form"),
        (None, "a code of another form"),
    ],
)
def test_a_code_has_a_form(code: str | None, shown: str) -> None:
    assert text_of_code(code, [SECRET]) == shown


def test_the_latest_response_of_each_kind_is_kept() -> None:
    responses = LastResponses(lambda: (SECRET,))
    headers = {"content-type": "application/json;charset=UTF-8", "date": "x", "x-secret": SECRET}
    for status in (200, 404, 200):
        responses.note("GET", "/v1/p/notebooks/i", status, headers, b'{"name": "mine"}')
    responses.note("POST", "/v1/p/notebooks/i/stop", 200, {"content-type": SECRET}, b"")
    responses.note("PATCH", "/v1/p/notebooks/i/lease", 200, {}, b'{"anything": 1}')
    summaries = [response.summary for response in responses.latest]
    found = [(each.operation, each.status, each.media_type, each.headers) for each in summaries]
    assert found == [
        ("GET notebook", 404, "application/json", ("date",)),
        ("GET notebook", 200, "application/json", ("date",)),
        ("POST stop", 200, "another", ()),
        ("PATCH lease", 200, "none", ()),
    ]
    assert summaries[1].fields == ("(all) - object", "name - text")
    assert "mine" not in repr(responses.latest)
    for status in range(300, 320):
        responses.note("GET", "/v1/p/notebooks/i", status, {}, b"")
    assert len(responses.latest) == MAX_RESPONSES
