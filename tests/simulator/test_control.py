"""The control API, for tests in another process."""

from __future__ import annotations

from typing import Any, Callable

import httpx
import pytest

from jupyter_notebook_stop.simulator import ThreadedSimulator

Call = Callable[..., httpx.Response]


def control(simulator: ThreadedSimulator, method: str, what: str, body: Any = None, **options: Any) -> httpx.Response:
    options.setdefault("headers", {"X-Auth-Token": simulator.auth_token})
    with httpx.Client(trust_env=False) as client:
        return client.request(method, f"{simulator.endpoint}/_simulator/{what}", json=body, **options)


def test_it_is_guarded(simulator: ThreadedSimulator) -> None:
    for headers in ({}, {"X-Auth-Token": "simulated-wrong"}, {"X-Auth-Token": "ü".encode()}):
        answer = control(simulator, "GET", "requests", headers=headers)
        assert answer.status_code == 401
        assert answer.headers["X-Simulator"] == "jupyter_notebook_stop"
    simulator.keys.revoke_token(simulator.auth_token)
    assert control(simulator, "GET", "requests").status_code == 200


def test_requests_are_counted_and_forgotten(simulator: ThreadedSimulator, call: Call) -> None:
    call(simulator)
    call(simulator, "GET", "/lease")
    answer = control(simulator, "GET", "requests").json()
    assert answer["counts"] == {"show": 1, "show_lease": 1}
    assert [request["status"] for request in answer["requests"]] == [200, 200]
    assert simulator.security_token not in str(answer)
    control(simulator, "DELETE", "requests")
    assert control(simulator, "GET", "requests").json() == {"counts": {}, "requests": []}


def test_faults(simulator: ThreadedSimulator, call: Call) -> None:
    wanted = {"operation": "show", "times": None, "faults": [{"fault": "throttle", "retry_after": 3}]}
    assert control(simulator, "POST", "faults", wanted).json() == {"rules": 1}
    assert [call(simulator).status_code for _ in range(3)] == [429] * 3
    assert call(simulator).headers["Retry-After"] == "3"
    control(simulator, "DELETE", "faults")
    assert call(simulator).status_code == 200


def test_instances(simulator: ThreadedSimulator, call: Call) -> None:
    which = f"instances/{simulator.instance_id}"
    change = {"status": "FROZEN", "progress_style": "sdk", "stop_fails_with": "ERROR", "extra": {"new": 1}}
    assert control(simulator, "PATCH", which, change).json() == {simulator.instance_id: "FROZEN"}
    assert control(simulator, "GET", "instances").json() == {simulator.instance_id: "FROZEN"}
    answer = call(simulator).json()
    assert (answer["status"], answer["new"], answer["action_progress"][0]["description"]) == (
        *("FROZEN", 1, "Prepare storage"),
    )
    assert simulator.instance.stop_fails_with == "ERROR"
    control(simulator, "PATCH", which, {"stop_fails_with": "", "step_seconds": 0})
    assert (simulator.instance.stop_fails_with, simulator.instance.step_seconds) == ("", 0)
    assert simulator.instance.status == "FROZEN"


def test_settings(simulator: ThreadedSimulator, call: Call) -> None:
    change = {"denied": {"stop": "ModelArts.6407"}, "error_shape": "code"}
    assert control(simulator, "PATCH", "settings", change).status_code == 200
    answer = call(simulator, "POST", "/stop")
    assert (answer.status_code, answer.json()["code"]) == (403, "ModelArts.6407")
    assert simulator.settings.stop_answer_status == 200


def test_keys(simulator: ThreadedSimulator, call: Call) -> None:
    control(simulator, "PATCH", f"keys/{simulator.access_key}", {"expires_at": 1.0})
    assert "expired" in call(simulator).text
    control(simulator, "DELETE", f"keys/{simulator.access_key}")
    assert "does not exist" in call(simulator).text
    token = simulator.security_token
    control(simulator, "POST", "keys", {"ak": "SIMULATORNEW", "sk": "simulated-new", "security_token": token})
    assert call(simulator, access_key="SIMULATORNEW", secret_key="simulated-new").status_code == 200


@pytest.mark.parametrize(
    ("method", "what", "body", "status"),
    [
        ("GET", "nothing", None, 404),
        ("PUT", "faults", None, 404),
        ("POST", "faults", {"operation": "dance", "faults": [{"fault": "empty"}]}, 400),
        ("POST", "faults", {"operation": "show", "faults": [{"fault": "earthquake"}]}, 400),
        ("POST", "faults", {"operation": "show", "faults": [{"fault": "empty", "colour": 1}]}, 400),
        ("POST", "faults", {"operation": "show", "faults": [{"fault": "refuse", "shape": "fancy"}]}, 400),
        ("POST", "faults", None, 400),
        ("PATCH", "settings", {"error_shape": "fancy"}, 400),
        ("PATCH", "settings", {"stop_answer_status": "many"}, 400),
        ("PATCH", "settings", {"colour": 1}, 400),
        ("PATCH", "settings", [1], 400),
        ("PATCH", "instances/nobody", {"status": "ERROR"}, 404),
        ("DELETE", "keys/NOBODY", None, 404),
    ],
)
def test_what_makes_no_sense_changes_nothing(
    simulator: ThreadedSimulator, method: str, what: str, body: Any, status: int
) -> None:
    before = dict(vars(simulator.settings))
    assert control(simulator, method, what, body).status_code == status
    assert vars(simulator.settings) == before
    assert len(simulator.faults) == 0


@pytest.mark.parametrize("change", [{"progress_style": "fancy"}, {"stop_conflict": "fancy"}, {"colour": 1}])
def test_an_instance_takes_no_unknown_option(simulator: ThreadedSimulator, change: dict[str, Any]) -> None:
    which = f"instances/{simulator.instance_id}"
    assert control(simulator, "PATCH", which, {"status": "ERROR", **change}).status_code == 400
    assert simulator.instance.status == "RUNNING"
