"""What the service answered last is described when a report asks, with what was secret when it came."""

from __future__ import annotations

from typing import Any

import pytest

from jupyter_notebook_stop.modelarts import shapes
from jupyter_notebook_stop.modelarts.last_responses import MAX_RESPONSES, LastResponses

HEADERS = {"content-type": "application/json; charset=utf-8", "date": "today", "x-else": "1"}


def test_the_keys_of_the_moment_stay_hidden_after_they_have_changed() -> None:
    keys = ["oldkeyname"]
    responses = LastResponses(lambda: keys)
    responses.note("POST", "/v1/p/notebooks/i/stop", 403, HEADERS, b'{"oldkeyname": 1, "newkeyname": 2}')
    keys[:] = ["newkeyname"]
    (response,) = responses.latest
    summary = response.summary
    assert (summary.operation, summary.status, summary.media_type) == ("POST stop", 403, "application/json")
    assert summary.headers == ("date",)
    assert "oldkeyname" not in str(response)
    assert "newkeyname" in str(response)
    assert responses.latest == [response]
    assert "oldkeyname" not in repr(vars(responses))


def test_the_latest_of_each_kind_are_kept_and_the_latest_is_last() -> None:
    responses = LastResponses(list)
    for status in range(200, 200 + MAX_RESPONSES + 2):
        responses.note("GET", "/v1/p/notebooks/i", status, {}, b"{}")
    responses.note("GET", "/v1/p/notebooks/i", 204, HEADERS, b"[]")
    found = [response.summary for response in responses.latest]
    assert [summary.status for summary in found] == [202, 203, 205, 206, 207, 204]
    assert found[-1].media_type == "application/json"


def test_of_what_is_too_large_nothing_is_told() -> None:
    responses = LastResponses(list)
    responses.note("GET", "/v1/p/notebooks/i", 200, HEADERS, b'{"name": "' + b"x" * 1_000_000 + b'"}')
    assert responses.latest[0].summary.fields == (f"(all) - more than {shapes.MAX_BODY} bytes",)


def test_a_shape_that_cannot_be_found_is_left_out(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    responses = LastResponses(list)
    responses.note("GET", "/v1/p/notebooks/i", 200, HEADERS, b'{"a": "what was in it"}')

    def fail(*_: Any) -> None:
        raise ZeroDivisionError("what was in it")

    monkeypatch.setattr(shapes, "shape_of", fail)
    assert responses.latest == []
    assert "could not be found (ZeroDivisionError)" in caplog.text
    assert "what was in it" not in caplog.text
