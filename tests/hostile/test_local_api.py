"""The local API against what nobody should send: nothing reaches the cloud."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Dict, List

import pytest

from jupyter_notebook_stop.server.events import ATTEMPT_EVENT, STOP_EVENT
from jupyter_notebook_stop.simulator import (
    ThreadedSimulator,
)

from ..server.conftest import Fetch
from .conftest import never_blocked
from .local_api import VERBS, body_for
from .secrecy import Witness


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH"])
async def test_a_stop_is_a_post_and_nothing_else(fetch: Fetch, simulator: ThreadedSimulator, method: str) -> None:
    body = json.dumps(body_for(simulator, {})).encode() if method in ("PUT", "PATCH") else None
    status, _ = await fetch(method, "stop", raw=body)
    assert status == 405
    assert simulator.count() == 0


MALFORMED: List[Any] = [
    "",
    "x",
    "../../stop",
    " {own}",
    "{own}/../{own}",
    "{own}\n",
    "00000000-0000-4000-8000-000000000000",
    "x" * 100,
    None,
    5,
    True,
    "x" * 100_000,
    ["{own}"],
    {"id": "{own}"},
]


@pytest.mark.parametrize("instance_id", MALFORMED, ids=lambda value: repr(value)[:30])
async def test_another_instance_or_none(fetch: Fetch, simulator: ThreadedSimulator, instance_id: Any) -> None:
    text = json.dumps({"instance_id": instance_id, "save": "none"}).replace("{own}", simulator.instance_id)
    status, problem = await fetch("POST", "stop", raw=text.encode())
    well_formed = isinstance(instance_id, str) and len(instance_id) <= 100
    expected = (409, "wrong_instance") if well_formed else (400, "bad_request")
    assert (status, problem["code"]) == expected
    assert len(json.dumps(problem)) < 2000
    assert simulator.count() == 0


@pytest.mark.parametrize(
    "content_type", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain", ""]
)
@pytest.mark.parametrize(("method", "path", "body"), [VERBS[1], VERBS[3]])
async def test_what_a_form_can_send(
    fetch: Fetch,
    simulator: ThreadedSimulator,
    method: str,
    path: str,
    body: Any,
    content_type: str,
) -> None:
    sent = body_for(simulator, body)
    status, problem = await fetch(method, *path.split("/"), body=sent, headers={"Content-Type": content_type})
    # What claims to be a multipart form and is none, tornado refuses before us.
    assert (status, problem["code"]) in [(400, "bad_request"), (400, "http_400")]
    assert simulator.count() == 0


BODIES = [b"", b"null", b"[]", b'"stop"', b"{", b"\xff\xfe", b'{"instance_id": "\xff"}', b"[" * 200_000, b"{}" * 2]


@pytest.mark.parametrize("raw", BODIES, ids=lambda raw: repr(raw[:12]))
@pytest.mark.parametrize(("method", "path"), [("POST", "stop"), ("PUT", "stop/a1/tabs/t1")])
async def test_a_body_of_another_form(
    fetch: Fetch,
    simulator: ThreadedSimulator,
    method: str,
    path: str,
    raw: bytes,
) -> None:
    status, problem = await fetch(method, *path.split("/"), raw=raw)
    assert (status, problem["code"]) == (400, "bad_request")
    assert simulator.count() == 0


@pytest.mark.parametrize(("method", "path"), [("POST", "stop"), ("PUT", "stop/a1/tabs/t1")])
async def test_a_body_of_ten_megabytes(fetch: Fetch, simulator: ThreadedSimulator, method: str, path: str) -> None:
    async with never_blocked():
        status, _ = await fetch(method, *path.split("/"), raw=b'{"instance_id": "' + b"x" * 10_000_000 + b'"}')
    assert status == 413
    assert simulator.count() == 0


@pytest.mark.parametrize("name", ["tab", "attempt"])
@pytest.mark.parametrize("value", ["a b", "../x", "a\n", "\n", "", "x" * 65, "é", "<b>"])
async def test_a_name_of_another_form(fetch: Fetch, simulator: ThreadedSimulator, name: str, value: str) -> None:
    status, problem = await fetch("POST", "stop", body={**body_for(simulator, {}), name: value})
    assert (status, problem["code"]) == (400, "bad_request")
    assert simulator.count() == 0


@pytest.mark.parametrize("schema", [STOP_EVENT, ATTEMPT_EVENT])
@pytest.mark.parametrize("phase", ["saving", "stopping", "accepted", "cancelled"])
async def test_a_forged_event_stops_nothing(
    jp_fetch: Any,
    fetch: Fetch,
    simulator: ThreadedSimulator,
    witness: Witness,
    schema: str,
    phase: str,
) -> None:
    common = {"attempt": "forged", "instance_id": simulator.instance_id, "source": "api", "save": "all"}
    record: Dict[str, Any] = {
        "outcome": phase,
        "user": None,
        "code": None,
        "message": None,
        "tabs": [],
        "silent_tabs": 0,
    }
    data = {**common, **({"phase": phase} if schema == STOP_EVENT else record)}
    event = json.dumps({"schema_id": schema, "version": "1", "data": data})
    assert (await jp_fetch("api", "events", method="POST", body=event)).code == 204
    assert any("forged" in seen for seen in witness.seen("event"))
    await asyncio.sleep(0.05)
    assert simulator.count() == 0
    _, view = await fetch("GET", "instance")
    assert view["attempt"] is None
    assert (await fetch("DELETE", "stop", "forged"))[0] == 404
    assert simulator.count("stop") == 0
