"""Who is let in, and what the others hear."""

from __future__ import annotations

import re
import time
from typing import Any, Callable

import httpx
import pytest

from jupyter_notebook_stop.simulator import ERROR_SHAPES, Refuse, ThreadedSimulator

Call = Callable[..., httpx.Response]


def refused(answer: httpx.Response, part: str = "", status: int = 401, code: str = "APIGW.0301") -> None:
    assert (answer.status_code, answer.json()["error_code"]) == (status, code), answer.text
    assert part in answer.json()["error_msg"]


def test_a_signature_opens(simulator: ThreadedSimulator, call: Call) -> None:
    answer = call(simulator)
    assert answer.status_code == 200
    assert answer.json()["id"] == simulator.instance_id


def test_a_token_opens_and_the_wrong_one_does_not(simulator: ThreadedSimulator) -> None:
    url = f"{simulator.endpoint}/v1/{simulator.project_id}/notebooks/{simulator.instance_id}"
    with httpx.Client(trust_env=False) as client:
        assert client.get(url, headers={"X-Auth-Token": simulator.auth_token}).status_code == 200
        refused(client.get(url, headers={"X-Auth-Token": simulator.auth_token + "x"}), "X-Auth-Token")
        refused(client.get(url), "neither")
        simulator.keys.revoke_token(simulator.auth_token)
        refused(client.get(url, headers={"X-Auth-Token": simulator.auth_token}), "X-Auth-Token")
        simulator.keys.add_token("simulated-other", expires_at=time.time() + 60)
        assert client.get(url, headers={"X-Auth-Token": "simulated-other"}).status_code == 200
        simulator.keys.add_token("simulated-other", expires_at=time.time() - 1)
        refused(client.get(url, headers={"X-Auth-Token": "simulated-other"}), "expired")


@pytest.mark.parametrize(
    "value",
    ["Basic c2ltOnVsYXRvcg==", "SDK-HMAC-SHA256", "SDK-HMAC-SHA256 Access=A, SignedHeaders=host, Signature=xyz"],
)
def test_a_malformed_authorization(simulator: ThreadedSimulator, call: Call, value: str) -> None:
    refused(call(simulator, sent={"Authorization": value}), "malformed")


@pytest.mark.parametrize(
    ("options", "part"),
    [
        ({"access_key": "SIMULATORUNKNOWN0000"}, "does not exist"),
        ({"secret_key": "simulated-sk-wrong"}, "verify aksk signature fail"),
        ({"offset": 16 * 60}, "15 minutes"),
        ({"offset": -16 * 60}, "15 minutes"),
        ({"headers": {"X-Sdk-Date": "2026-11-23T12:00:00Z"}}, "malformed"),
        ({"leave_out": ("X-Security-Token",)}, "X-Security-Token is missing"),
        ({"headers": {"X-Security-Token": "simulated-wrong"}}, "X-Security-Token is wrong"),
        ({"unsigned": ("host",)}, "host is not among"),
        ({"unsigned": ("x-sdk-date",)}, "x-sdk-date is not among"),
        ({"unsigned": ("x-project-id",)}, "x-project-id is not signed"),
        ({"unsigned": ("x-security-token",)}, "x-security-token is not signed"),
        ({"sent": {"X-Sdk-Date": "20000101T000000Z"}}, "15 minutes"),
        ({"body": b"one", "sent_body": b"two"}, "verify aksk signature fail"),
        ({"body": b"one", "headers": {"X-Sdk-Content-Sha256": "0" * 64}}, "verify aksk signature fail"),
    ],
)
def test_what_does_not_open(simulator: ThreadedSimulator, call: Call, options: dict[str, Any], part: str) -> None:
    refused(call(simulator, "POST", "/stop", **options), part)
    assert simulator.instance.status == "RUNNING"
    assert not simulator.requests[-1].took_effect


@pytest.mark.parametrize("offset", [14 * 60, -14 * 60])
def test_inside_the_window_a_date_may_be_off(simulator: ThreadedSimulator, call: Call, offset: float) -> None:
    assert call(simulator, offset=offset).status_code == 200


def test_a_header_signed_but_not_sent(simulator: ThreadedSimulator, call: Call, signed: Any) -> None:
    path = f"/v1/{simulator.project_id}/notebooks/{simulator.instance_id}"
    headers = signed(simulator, "GET", path, headers={"X-Lost": "1"})
    del headers["X-Lost"]
    with httpx.Client(trust_env=False) as client:
        refused(client.get(simulator.endpoint + path, headers=headers), "missing")


def test_a_signature_is_good_for_its_own_path_and_query_only(
    simulator: ThreadedSimulator, call: Call, signed: Any
) -> None:
    path = f"/v1/{simulator.project_id}/notebooks/{simulator.instance_id}/lease"
    headers = signed(simulator, "GET", path)
    with httpx.Client(trust_env=False) as client:
        assert client.get(simulator.endpoint + path, headers=headers).status_code == 200
        refused(client.get(simulator.endpoint + path + "?a=b", headers=headers))
        refused(client.get(simulator.endpoint + path.replace("/lease", ""), headers=headers))


def test_odd_headers_queries_and_bodies_are_read_as_they_were_signed(simulator: ThreadedSimulator, call: Call) -> None:
    answer = call(
        simulator,
        "GET",
        "/lease",
        headers={"X-Note": "Grüße,  世界"},
        query=(("b", "1 + 1=2&"), ("a", "ü/"), ("a", ""), ("~", "%41")),
        body='{"ключ": 1}'.encode(),
    )
    assert answer.status_code == 200, answer.text
    assert simulator.requests[-1].headers["x-note"] == "Grüße,  世界"
    assert sorted(simulator.requests[-1].query) == [("a", ""), ("a", "ü/"), ("b", "1 + 1=2&"), ("~", "%41")]


def test_an_encoded_path_is_decoded_once(simulator: ThreadedSimulator, call: Call) -> None:
    simulator.add_instance("an odd/id")
    answer = call(simulator, path=f"/v1/{simulator.project_id}/notebooks/an%20odd%2Fid")
    assert (answer.status_code, answer.json().get("id")) == (200, "an odd/id")


def test_a_body_may_stay_unsigned(simulator: ThreadedSimulator, call: Call) -> None:
    answer = call(simulator, body=b"anything", headers={"X-Sdk-Content-Sha256": "UNSIGNED-PAYLOAD"})
    assert answer.status_code == 200


def test_a_permanent_key_has_no_security_token(call: Call) -> None:
    with ThreadedSimulator(temporary_key=False) as simulator:
        assert simulator.security_token == ""
        assert call(simulator).status_code == 200
        refused(call(simulator, headers={"X-Security-Token": "simulated"}), "permanent")


def test_keys_come_and_go(simulator: ThreadedSimulator, call: Call) -> None:
    other = {"access_key": "SIMULATOROTHER", "secret_key": "simulated-other", "leave_out": ("X-Security-Token",)}
    refused(call(simulator, **other), "does not exist")
    simulator.keys.add("SIMULATOROTHER", "simulated-other", expires_at=time.time() + 60)
    assert call(simulator, **other).status_code == 200
    simulator.keys.expire("SIMULATOROTHER")
    refused(call(simulator, **other), "expired")
    simulator.keys.revoke(simulator.access_key)
    refused(call(simulator), "does not exist")


def test_six_wrong_signatures_in_a_row_lock_a_key(simulator: ThreadedSimulator, call: Call) -> None:
    for _ in range(2):
        for _ in range(5):
            refused(call(simulator, secret_key="simulated-wrong"))
        assert call(simulator).status_code == 200
    for _ in range(6):
        refused(call(simulator, secret_key="simulated-wrong"))
    refused(call(simulator), "locked")
    simulator.keys.unlock(simulator.access_key)
    assert call(simulator).status_code == 200


def test_the_canonical_request_is_echoed_on_demand_only(simulator: ThreadedSimulator, call: Call) -> None:
    assert simulator.security_token not in call(simulator, secret_key="simulated-wrong").text
    simulator.settings.echo_canonical_request = True
    text = call(simulator, secret_key="simulated-wrong").json()["error_msg"]
    assert f"x-security-token:{simulator.security_token}\n" in text
    assert f"GET\n/v1/{simulator.project_id}/notebooks/{simulator.instance_id}/\n" in text


def test_a_skewed_clock_refuses_good_signatures(simulator: ThreadedSimulator, call: Call) -> None:
    simulator.settings.clock_skew = 3600
    refused(call(simulator), "15 minutes")
    assert call(simulator, offset=3600).status_code == 200


def test_a_project_that_does_not_match(simulator: ThreadedSimulator, call: Call) -> None:
    refused(call(simulator, headers={"X-Project-Id": "0" * 32}), status=403, code="ModelArts.0210")
    path = f"/v1/{'0' * 32}/notebooks/{simulator.instance_id}"
    refused(call(simulator, path=path, headers={"X-Project-Id": "0" * 32}), status=403, code="ModelArts.0210")
    assert call(simulator, leave_out=("X-Project-Id",)).status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/"), ("GET", "/v2/p/notebooks/i"), ("POST", "/v1/p/notebooks/i"), ("GET", "/v1/p/notebooks/i/stop")],
)
def test_an_unknown_path(simulator: ThreadedSimulator, call: Call, method: str, path: str) -> None:
    answer = call(simulator, method, path=path)
    refused(answer, status=404, code="APIGW.0101")
    assert answer.json()["request_id"] == answer.headers["X-Request-Id"]
    assert simulator.count("unknown") == 1


def test_an_unknown_instance(simulator: ThreadedSimulator, call: Call) -> None:
    path = f"/v1/{simulator.project_id}/notebooks/00000000-0000-4000-8000-000000000000"
    answer = call(simulator, path=path)
    refused(answer, status=400, code="ModelArts.6309")
    assert "request_id" not in answer.json()
    simulator.instance.status = "DELETED"
    refused(call(simulator), status=400, code="ModelArts.6309")


@pytest.mark.parametrize("code", ["ModelArts.0112", "APIGW.0302"])
def test_permissions_are_denied_by_operation(simulator: ThreadedSimulator, call: Call, code: str) -> None:
    simulator.settings.deny("stop", code)
    answer = call(simulator, "POST", "/stop")
    refused(answer, status=403, code=code)
    assert ("request_id" in answer.json()) == code.startswith("APIGW")
    assert simulator.instance.status == "RUNNING"
    assert call(simulator).status_code == 200
    simulator.settings.allow("any")
    assert call(simulator, "POST", "/stop").status_code == 200


def test_every_shape_of_an_error(simulator: ThreadedSimulator, call: Call) -> None:
    bodies = {}
    for shape in ERROR_SHAPES:
        simulator.settings.error_shape = shape
        answer = call(simulator, "POST", "/start")
        assert answer.status_code == 400
        assert re.fullmatch(r"simulated-[0-9a-f]{32}", answer.headers["X-Request-Id"])
        assert answer.headers["X-Simulator"] == "jupyter_notebook_stop"
        bodies[shape] = answer.text if shape == "html" else answer.json()
    code, text = "ModelArts.6357", "The instance is in the target state already."
    assert bodies.pop("html").startswith("<html>")
    assert bodies == {
        "error_code": {"error_code": code, "error_msg": text},
        "errorCode": {"errorCode": code, "errorMsg": text},
        "code": {"code": code, "message": text},
        "nested": {"error": {"error_code": code, "error_msg": text}},
        "nested_errorCode": {"error": {"errorCode": code, "errorMsg": text}},
        "nested_code": {"error": {"code": code, "message": text}},
    }


def test_unknown_shapes_and_operations_are_refused_at_once(simulator: ThreadedSimulator) -> None:
    with pytest.raises(ValueError, match="shape"):
        ThreadedSimulator(error_shape="fancy")
    with pytest.raises(ValueError, match="shape"):
        Refuse(shape="fancy")
    with pytest.raises(ValueError, match="operation"):
        simulator.settings.deny("dance")
    with pytest.raises(ValueError, match="operation"):
        simulator.faults.add("dance", Refuse())
