"""Every fault as a client sees it."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any, Callable

import httpx
import pytest

from jupyter_notebook_stop.simulator import (
    Answer,
    BrokenJson,
    CutBody,
    Delay,
    Drip,
    DropStop,
    Empty,
    Fault,
    Html,
    Huge,
    OtherJson,
    Redirect,
    Refuse,
    Reset,
    SkewedDate,
    ThreadedSimulator,
    Throttle,
    Unavailable,
    WrongLength,
)

Call = Callable[..., httpx.Response]


def talk(simulator: ThreadedSimulator, action: str = "", method: str = "GET") -> tuple[bytes, bool]:
    """Return all that comes over a plain socket, and whether the connection ended with a reset."""
    path = f"/v1/{simulator.project_id}/notebooks/{simulator.instance_id}{action}"
    received = b""
    with socket.create_connection(("127.0.0.1", simulator.port), timeout=60) as plain:
        plain.sendall(
            f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n"
            f"X-Auth-Token: {simulator.auth_token}\r\n\r\n".encode()
        )
        try:
            while True:
                piece = plain.recv(65536)
                if not piece:
                    return received, False
                received += piece
        except ConnectionResetError:
            return received, True


def split(received: bytes) -> tuple[dict[str, str], bytes]:
    head, _, body = received.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")[1:]
    return {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}, body


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_delay(simulator: ThreadedSimulator, until: Callable[[Callable[[], bool]], None], when: Any) -> None:
    # Long enough for all that happens meanwhile, on a busy machine as well.
    delay = 1.0 if when == "before" else 60.0
    simulator.faults.add("stop", Delay(delay, when))
    begin = time.monotonic()
    url = f"{simulator.endpoint}/v1/{simulator.project_id}/notebooks/{simulator.instance_id}/stop"
    with httpx.Client(trust_env=False, timeout=0.1) as client, pytest.raises(httpx.ReadTimeout):
        client.post(url, headers={"X-Auth-Token": simulator.auth_token})
    if when == "before":
        assert simulator.instance.status == "RUNNING" or time.monotonic() - begin > delay
    # Who has gone doesn't take the request along.
    until(lambda: simulator.instance.status == "STOPPED")
    assert (time.monotonic() - begin > delay) == (when == "before")


def test_a_delay_ends_with_the_right_answer(simulator: ThreadedSimulator, call: Call) -> None:
    simulator.faults.add("show", Delay(0.2))
    begin = time.monotonic()
    assert call(simulator).status_code == 200
    assert time.monotonic() - begin >= 0.2


@pytest.mark.parametrize(("when", "effect"), [("before", False), ("during", True), ("after", True)])
def test_a_reset(simulator: ThreadedSimulator, when: Any, effect: bool) -> None:
    simulator.faults.add("stop", Reset(when))
    received, was_reset = talk(simulator, "/stop", "POST")
    assert was_reset
    assert (simulator.instance.status != "RUNNING") == effect
    assert simulator.requests[-1].took_effect == effect
    if when == "during":
        headers, body = split(received)
        assert 0 < len(body) < int(headers["content-length"])
        assert simulator.requests[-1].status == 200
    else:
        assert received == b""
        assert simulator.requests[-1].status is None


@pytest.mark.parametrize(
    ("when", "error"),
    [("before", httpx.ReadError), ("during", httpx.ReadError), ("after", httpx.ReadError)],
)
def test_a_reset_as_httpx_sees_it(simulator: ThreadedSimulator, call: Call, when: Any, error: type[Exception]) -> None:
    simulator.faults.add("show", Reset(when))
    with pytest.raises(error):
        call(simulator)
    assert call(simulator).status_code == 200


@pytest.mark.parametrize("chunked", [False, True])
def test_a_cut_body(simulator: ThreadedSimulator, call: Call, chunked: bool) -> None:
    simulator.faults.add("show", CutBody(0.5, chunked), times=2)
    received, was_reset = talk(simulator)
    assert not was_reset
    headers, body = split(received)
    assert ("content-length" in headers) != chunked
    assert body.endswith(simulator.instance.token.encode()) is False
    assert len(body) > 100
    with pytest.raises(httpx.RemoteProtocolError):
        call(simulator)


@pytest.mark.parametrize("by", [7, -7])
def test_a_wrong_length(simulator: ThreadedSimulator, call: Call, by: int) -> None:
    simulator.faults.add("show", WrongLength(by), times=2)
    headers, body = split(talk(simulator)[0])
    assert int(headers["content-length"]) - len(body) == by
    if by > 0:
        with pytest.raises(httpx.RemoteProtocolError):
            call(simulator)
    else:
        answer = call(simulator)
        assert len(answer.content) == len(body) + by
        with pytest.raises(json.JSONDecodeError):
            answer.json()


@pytest.mark.parametrize("head", [False, True])
def test_a_drip_is_slow_and_right(simulator: ThreadedSimulator, call: Call, head: bool) -> None:
    simulator.faults.add("show", Drip(size=200, pause=0.02, head=head))
    begin = time.monotonic()
    answer = call(simulator)
    pieces = (len(answer.content) + (100 if head else 0)) // 200
    assert time.monotonic() - begin >= pieces * 0.02
    assert answer.json()["id"] == simulator.instance_id


@pytest.mark.parametrize("gzipped", [False, True])
def test_a_huge_body(simulator: ThreadedSimulator, call: Call, gzipped: bool) -> None:
    simulator.faults.add("show", Huge(3_000_000, gzipped), times=2)
    assert len(call(simulator).json()["padding"]) == 3_000_000
    received = len(talk(simulator)[0])
    assert received < 20_000 if gzipped else received > 3_000_000


def test_a_client_may_leave_a_huge_body(simulator: ThreadedSimulator, call: Call) -> None:
    simulator.faults.add("show", Huge(1 << 40))
    url = f"{simulator.endpoint}/v1/{simulator.project_id}/notebooks/{simulator.instance_id}"
    with (
        httpx.Client(trust_env=False) as client,
        client.stream("GET", url, headers={"X-Auth-Token": simulator.auth_token}) as answer,
    ):
        assert next(answer.iter_bytes())
    assert call(simulator).status_code == 200


@pytest.mark.parametrize("seconds", [7200, -7200])
def test_a_skewed_date(simulator: ThreadedSimulator, call: Call, seconds: float) -> None:
    simulator.faults.add("show", SkewedDate(seconds))
    told = parsedate_to_datetime(call(simulator).headers["Date"])
    assert (told - datetime.now(timezone.utc)).total_seconds() == pytest.approx(seconds, abs=5)
    told = parsedate_to_datetime(call(simulator).headers["Date"])
    assert (told - datetime.now(timezone.utc)).total_seconds() == pytest.approx(0, abs=5)


@pytest.mark.parametrize(
    ("fault", "status", "body"),
    [
        (Answer(418, "short", "text/plain"), 418, "short"),
        (Answer(202, '{"a":1}'), 202, '{"a":1}'),
        (Refuse(400, "ModelArts.6404", "no"), 400, '{"error_code":"ModelArts.6404","error_msg":"no"}'),
        (Refuse(403, "X.1", "no", "nested_code"), 403, '{"error":{"code":"X.1","message":"no"}}'),
        (BrokenJson(), 200, '{"status": "STOPPING", "action_progress": [{'),
        (BrokenJson(201, "}"), 201, "}"),
        (OtherJson("list"), 200, '[{"status":"RUNNING"}]'),
        (OtherJson("string"), 200, '"RUNNING"'),
        (OtherJson("number"), 200, "42"),
        (OtherJson("null"), 200, "null"),
        (OtherJson("nested", 201), 201, '{"result":{"notebook":{"status":"RUNNING"}}}'),
        (Empty(), 200, ""),
        (Empty(204), 204, ""),
        (Empty(500), 500, ""),
    ],
)
def test_another_answer(simulator: ThreadedSimulator, call: Call, fault: Fault, status: int, body: str) -> None:
    simulator.faults.add("stop", fault)
    answer = call(simulator, "POST", "/stop")
    assert (answer.status_code, answer.text) == (status, body)
    assert answer.headers["X-Simulator"] == "jupyter_notebook_stop"
    assert answer.headers["X-Request-Id"] == simulator.requests[-1].request_id
    assert simulator.instance.status == "RUNNING"
    assert not simulator.requests[-1].took_effect


@pytest.mark.parametrize("status", [204, 304])
def test_where_http_permits_no_body_there_is_none(simulator: ThreadedSimulator, status: int) -> None:
    simulator.faults.add("stop", Answer(status, "body"))
    headers, body = split(talk(simulator, "/stop", "POST")[0])
    assert body == b""
    assert "content-length" not in headers
    assert "content-type" not in headers
    assert simulator.requests[-1].status == status


def test_fields_of_the_wrong_type(simulator: ThreadedSimulator, call: Call) -> None:
    simulator.faults.add("show", OtherJson("wrong_types"))
    assert call(simulator).json()["status"] == 7


def test_another_answer_though_the_operation_took_effect(simulator: ThreadedSimulator, call: Call) -> None:
    simulator.faults.add("stop", Unavailable(504, takes_effect=True))
    assert call(simulator, "POST", "/stop").status_code == 504
    assert simulator.instance.status in ("STOPPING", "STOPPED")
    assert simulator.requests[-1].took_effect


def test_a_stop_that_is_accepted_and_never_happens(call: Call, until: Callable[[Callable[[], bool]], None]) -> None:
    stopped: list[str] = []
    with ThreadedSimulator(step_seconds=0, on_stopped=stopped.append) as simulator:
        simulator.faults.add("stop", DropStop(), times=2)
        for empty in (False, True):
            simulator.settings.stop_answer_empty = empty
            answer = call(simulator, "POST", "/stop")
            assert answer.status_code == 200
            assert answer.content == b"" if empty else answer.json()["status"] == "STOPPING"
            assert call(simulator).json()["status"] == "RUNNING"
            assert not simulator.requests[-2].took_effect
        simulator.call(lambda _: asyncio.sleep(0.05))
        assert (simulator.instance.status, stopped) == ("RUNNING", [])
        call(simulator, "POST", "/stop")
        until(lambda: stopped == [simulator.instance_id])


def test_a_dropped_stop_is_refused_as_any_other(simulator: ThreadedSimulator, call: Call) -> None:
    simulator.faults.add("stop", DropStop(), times=None)
    assert call(simulator, "POST", "/stop", secret_key="simulated-wrong").status_code == 401
    simulator.instance.status = "STOPPED"
    assert call(simulator, "POST", "/stop").json()["error_code"] == "ModelArts.6357"
    assert simulator.instance.status == "STOPPED"


@pytest.mark.parametrize("status", [200, 403, 502])
def test_a_page_of_a_proxy(simulator: ThreadedSimulator, call: Call, status: int) -> None:
    simulator.faults.add("show", Html(status, "<blocked>"))
    answer = call(simulator)
    assert answer.status_code == status
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "&lt;blocked&gt;" in answer.text


def test_a_redirect(simulator: ThreadedSimulator, call: Call) -> None:
    simulator.faults.add("show", Redirect("https://login.simulator-1.invalid/x", 307))
    answer = call(simulator)
    assert (answer.status_code, answer.headers["Location"]) == (307, "https://login.simulator-1.invalid/x")


def test_throttling_in_seconds_as_a_date_in_words_or_without(simulator: ThreadedSimulator, call: Call) -> None:
    for fault in (Throttle(2), Throttle(90, as_date=True), Throttle(text="soon"), Throttle(-1, status=503)):
        simulator.faults.add("show", fault)
    first, second, third, fourth = (call(simulator) for _ in range(4))
    assert first.headers["Retry-After"] == "2"
    wait = parsedate_to_datetime(second.headers["Retry-After"]) - datetime.now(timezone.utc)
    assert wait.total_seconds() == pytest.approx(90, abs=5)
    assert third.headers["Retry-After"] == "soon"
    assert "Retry-After" not in fourth.headers
    assert [a.status_code for a in (first, second, third, fourth)] == [429, 429, 429, 503]
    assert first.json()["error_code"] == "APIGW.0308"
    assert first.json()["request_id"] == first.headers["X-Request-Id"]


def test_a_failing_service_recovers_after_n_times(simulator: ThreadedSimulator, call: Call) -> None:
    simulator.faults.add("any", Unavailable(502), times=3)
    assert [call(simulator).status_code for _ in range(5)] == [502, 502, 502, 200, 200]


def test_rules_queue_up_before_the_standing_one(simulator: ThreadedSimulator, call: Call) -> None:
    standing = simulator.faults.add("show", Empty(599), times=None)
    simulator.faults.add("lease", Empty(501))
    simulator.faults.add("show", Empty(502))
    simulator.faults.add("any", Empty(503))
    assert [call(simulator).status_code for _ in range(4)] == [502, 503, 599, 599]
    assert [call(simulator, "GET", "/lease").status_code for _ in range(2)] == [501, 200]
    simulator.faults.remove(standing)
    assert call(simulator).status_code == 200
    simulator.faults.add("show", Empty(599), times=None)
    simulator.faults.clear()
    assert call(simulator).status_code == 200
    assert len(simulator.faults) == 0


def test_a_rule_needs_a_fault_and_a_number(simulator: ThreadedSimulator) -> None:
    with pytest.raises(ValueError, match="fault"):
        simulator.faults.add("show", [])
    with pytest.raises(ValueError, match="once"):
        simulator.faults.add("show", Empty(), times=0)


def test_several_faults_act_on_one_request(simulator: ThreadedSimulator) -> None:
    simulator.faults.add("stop", [Delay(0.1), Refuse(500, "X.1", "a longer text to cut"), CutBody(0.5)])
    begin = time.monotonic()
    headers, body = split(talk(simulator, "/stop", "POST")[0])
    assert time.monotonic() - begin >= 0.1
    assert body.startswith(b'{"error_code"')
    assert len(body) == int(headers["content-length"]) // 2
    assert simulator.instance.status == "RUNNING"


def test_faults_need_no_authentication_but_do_not_replace_it(simulator: ThreadedSimulator, call: Call) -> None:
    simulator.faults.add("stop", Unavailable())
    simulator.faults.add("stop", Empty(200, takes_effect=True))
    assert call(simulator, "POST", "/stop", secret_key="simulated-wrong").status_code == 503
    assert call(simulator, "POST", "/stop", secret_key="simulated-wrong").status_code == 200
    assert simulator.instance.status == "RUNNING"


def test_a_mistake_in_a_fault_leaves_nobody_waiting(
    simulator: ThreadedSimulator, caplog: pytest.LogCaptureFixture, until: Callable[[Callable[[], bool]], None]
) -> None:
    simulator.faults.add("show", Answer(200, "x", headers={"A": "ü\u2603"}))
    begin = time.monotonic()
    received, _ = talk(simulator)
    assert received == b""
    assert time.monotonic() - begin < 30
    until(lambda: "The simulator failed" in caplog.text)
