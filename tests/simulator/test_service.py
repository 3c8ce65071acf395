"""The service around the instances: starting, stopping, hooks, log, TLS."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
import threading
import time
from pathlib import Path
from typing import Any, Callable

import httpx
import pytest

from jupyter_notebook_stop.simulator import Delay, Drip, Simulator, ThreadedSimulator

Call = Callable[..., httpx.Response]
Until = Callable[[Callable[[], bool]], None]


def test_stop_and_start_over_the_wire(simulator: ThreadedSimulator, call: Call, until: Until) -> None:
    answer = call(simulator, "POST", "/stop")
    assert (answer.status_code, answer.json()["status"]) == (200, "STOPPING")
    assert [row["status"] for row in answer.json()["action_progress"]] == ["PROCESSING"] + ["WAITING"] * 3
    until(lambda: bool(call(simulator).json()["status"] == "STOPPED"))
    assert call(simulator, "POST", "/stop").json()["error_code"] == "ModelArts.6357"
    answer = call(simulator, "POST", "/start", query=(("duration", "7200000"), ("type", "IDLE")))
    assert (answer.status_code, answer.json()["status"]) == (200, "STARTING")
    until(lambda: bool(call(simulator).json()["status"] == "RUNNING"))
    assert call(simulator, "GET", "/lease").json()["type"] == "IDLE"
    assert (simulator.count("stop"), simulator.count("start"), simulator.count("lease")) == (2, 1, 1)


@pytest.mark.parametrize("duration", ["3599999", "259200001", "soon", "-1", "", "3600000.5"])
def test_a_start_out_of_range(simulator: ThreadedSimulator, call: Call, duration: str) -> None:
    simulator.instance.status = "STOPPED"
    answer = call(simulator, "POST", "/start", query=(("duration", duration),))
    assert (answer.status_code, answer.json()["error_code"]) == (400, "ModelArts.0104")
    assert simulator.instance.status == "STOPPED"


@pytest.mark.parametrize("body", [b"[]", b"{", b"\xff", b'{"duration": "3600000"}', b'{"duration": 1}', b'{"type": 3}'])
def test_a_renewal_that_makes_no_sense(simulator: ThreadedSimulator, call: Call, body: bytes) -> None:
    before = simulator.instance.lease.document()
    answer = call(simulator, "PATCH", "/lease", body=body)
    assert (answer.status_code, answer.json()["error_code"]) == (400, "ModelArts.0104")
    assert simulator.instance.lease.document() == before


def test_a_duration_in_the_query_overrides_the_body(simulator: ThreadedSimulator, call: Call) -> None:
    body = b'{"duration": 3600000, "type": "IDLE"}'
    answer = call(simulator, "PATCH", "/lease", body=body, query=(("duration", "7200000"),))
    assert answer.json()["type"] == "TIMING"
    assert answer.json()["duration"] >= 7_200_000


def test_without_delay_a_stop_still_answers_stopping(call: Call, until: Until) -> None:
    with ThreadedSimulator(step_seconds=0) as simulator:
        assert call(simulator, "POST", "/stop").json()["status"] == "STOPPING"
        until(lambda: simulator.instance.status == "STOPPED")


def test_an_accepted_stop_may_answer_201_or_nothing(simulator: ThreadedSimulator, call: Call) -> None:
    simulator.settings.stop_answer_status = 201
    simulator.settings.stop_answer_empty = True
    answer = call(simulator, "POST", "/stop")
    assert (answer.status_code, answer.content) == (201, b"")
    assert "Content-Type" not in answer.headers
    assert simulator.instance.status != "RUNNING"


def test_the_hook_hears_of_the_stop(call: Call, until: Until) -> None:
    heard: list[str] = []
    with ThreadedSimulator(step_seconds=0, on_stopped=heard.append) as simulator:
        call(simulator, "POST", "/stop")
        until(lambda: heard == [simulator.instance_id])


def test_the_hook_may_be_async_and_may_end_the_simulator(call: Call) -> None:
    ended = threading.Event()

    async def hook(instance_id: str) -> None:
        await asyncio.sleep(0)
        await simulator.close()
        ended.set()

    with ThreadedSimulator(step_seconds=0, on_stopped=hook) as simulator:
        call(simulator, "POST", "/stop")
        assert ended.wait(60)
        with pytest.raises(httpx.ConnectError):
            call(simulator)


def test_a_hook_that_fails_is_logged(call: Call, until: Until, caplog: pytest.LogCaptureFixture) -> None:
    def hook(instance_id: str) -> None:
        raise RuntimeError("the hook's own mistake")

    with ThreadedSimulator(step_seconds=0, on_stopped=hook) as simulator:
        call(simulator, "POST", "/stop")
        until(lambda: "the hook's own mistake" in caplog.text)
        assert call(simulator).json()["status"] == "STOPPED"


@pytest.mark.parametrize("address", ["0.0.0.0", "", "::", "localhost", "192.0.2.1"])
def test_no_address_but_loopback(address: str) -> None:
    with pytest.raises(ValueError, match=r"127\.0\.0\.1"):
        Simulator(address=address)


def test_unknown_options_are_refused() -> None:
    with pytest.raises(TypeError, match="colour"):
        Simulator(colour="red")


def test_it_comes_back_on_the_same_port_with_the_same_instances(simulator: ThreadedSimulator, call: Call) -> None:
    endpoint = simulator.endpoint
    simulator.instance.status = "FROZEN"
    simulator.call(lambda s: s.close())
    with pytest.raises(httpx.ConnectError):
        call(simulator)
    simulator.call(lambda s: s.listen())
    assert simulator.endpoint == endpoint
    assert call(simulator).json()["status"] == "FROZEN"


@pytest.mark.parametrize("fault", [Delay(60), Drip(pause=60)])
def test_stopping_leaves_nobody_waiting(call: Call, fault: Any) -> None:
    with ThreadedSimulator() as simulator:
        simulator.faults.add("show", fault)
        begin = time.monotonic()
        threading.Timer(0.2, lambda: simulator.call(lambda s: s.close())).start()
        with pytest.raises(httpx.TransportError):
            call(simulator)
        assert time.monotonic() - begin < 30


def test_an_async_simulator() -> None:
    async def run() -> None:
        async with Simulator() as simulator, httpx.AsyncClient(trust_env=False) as client:
            path = f"/v1/{simulator.project_id}/notebooks/{simulator.instance_id}"
            answer = await client.get(simulator.endpoint + path, headers={"X-Auth-Token": simulator.auth_token})
            assert answer.json()["name"] == "simulated-notebook"
            with pytest.raises(RuntimeError, match="already"):
                await simulator.listen()
        await simulator.close()
        with pytest.raises(httpx.ConnectError):
            async with httpx.AsyncClient(trust_env=False) as client:
                await client.get(simulator.endpoint)

    asyncio.run(run())


def test_two_simulators_share_nothing(call: Call) -> None:
    with ThreadedSimulator() as one, ThreadedSimulator() as other:
        assert not set(one.description().items()) & set(other.description().items()) - {("region", "simulator-1")}
        answer = call(one, access_key=other.access_key, secret_key=other.secret_key)
        assert answer.status_code == 401


def test_everything_made_up_is_visibly_so(simulator: ThreadedSimulator) -> None:
    assert simulator.access_key.startswith("SIMULATOR")
    assert simulator.secret_key.startswith("simulated-sk-")
    assert simulator.security_token.startswith("simulated-")
    assert simulator.auth_token.startswith("simulated-")
    assert simulator.project_id.startswith("00000000")
    assert simulator.instance_id.startswith("00000000-51d0-")
    assert (len(simulator.access_key), len(simulator.secret_key), len(simulator.project_id)) == (20, 40, 32)


def test_the_log_keeps_everything_and_prints_no_secret(simulator: ThreadedSimulator, call: Call) -> None:
    call(simulator, "PATCH", "/lease", body=b'{"duration": 3600000}', query=(("secret", "simulated-in-query"),))
    (request,) = simulator.requests
    assert (request.operation, request.method, request.status) == ("renew_lease", "PATCH", 200)
    assert request.path == f"/v1/{simulator.project_id}/notebooks/{simulator.instance_id}/lease"
    assert request.body == b'{"duration": 3600000}'
    assert request.headers["X-Security-Token"] == simulator.security_token
    assert request.headers["authorization"].startswith("SDK-HMAC-SHA256 Access=SIMULATOR")
    assert abs(request.time - time.time()) < 5
    for shown in (repr(simulator.requests), repr(request.headers), repr(simulator), repr(simulator.keys)):
        for secret in (simulator.security_token, simulator.secret_key, simulator.auth_token, "in-query", "Signature="):
            assert secret not in shown
    key = simulator.keys.add("SIMULATORX", "simulated-hidden-sk", "simulated-hidden-token")
    assert "simulated-hidden" not in repr(key)


def test_a_call_runs_on_the_loop_and_returns_or_raises(simulator: ThreadedSimulator) -> None:
    assert simulator.call(lambda s: threading.current_thread().name) == "simulator"
    with pytest.raises(KeyError):
        simulator.call(lambda s: s.keys.revoke("SIMULATORNOBODY"))
    instance = simulator.add_instance(name="simulated-second", step_seconds=0)
    assert simulator.instances[instance.id].name == "simulated-second"


def test_a_port_that_is_taken_is_told_to_the_caller(simulator: ThreadedSimulator) -> None:
    with pytest.raises(OSError, match="in use"):
        ThreadedSimulator(port=simulator.port).start()


def test_before_the_start_there_is_no_endpoint() -> None:
    with pytest.raises(RuntimeError, match="never started"):
        _ = Simulator().endpoint
    with pytest.raises(RuntimeError, match="not running"):
        ThreadedSimulator().call(lambda s: None)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="makes its certificate with openssl")
def test_tls(tmp_path: Path) -> None:
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=simulator"),
            *("-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    trusting = ssl.create_default_context(cafile=str(certificate))
    with ThreadedSimulator(ssl_context=context) as simulator:
        url = f"{simulator.endpoint}/v1/{simulator.project_id}/notebooks/{simulator.instance_id}"
        assert url.startswith("https://")
        with httpx.Client(trust_env=False, verify=trusting) as client:
            assert client.get(url, headers={"X-Auth-Token": simulator.auth_token}).status_code == 200
        with httpx.Client(trust_env=False) as client, pytest.raises(httpx.ConnectError, match="CERTIFICATE"):
            client.get(url)
