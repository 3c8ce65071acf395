"""The official SDK, unmodified, takes the simulator for the service: the proof that it is a stand-in."""

from __future__ import annotations

from typing import Any, Callable

import pytest
from huaweicloudsdkcore.exceptions.exceptions import (  # type: ignore[import-untyped]
    ClientRequestException,
    ConnectionException,
    ServerResponseException,
)
from huaweicloudsdkmodelarts.v1 import (  # type: ignore[import-untyped]
    LeaseReq,
    RenewLeaseRequest,
    ShowLeaseRequest,
    ShowNotebookRequest,
    StartNotebookRequest,
    StopNotebookRequest,
)
from requests.exceptions import ChunkedEncodingError

from jupyter_notebook_stop.simulator import (
    CutBody,
    Html,
    Refuse,
    Reset,
    ThreadedSimulator,
    Throttle,
    Unavailable,
)

# From Python 3.12 on, the SDK's way to read the clock is a deprecated one.
pytestmark = pytest.mark.filterwarnings("ignore:.*utcnow:DeprecationWarning")

Official = Callable[[ThreadedSimulator], Any]
Until = Callable[[Callable[[], bool]], None]


def show(client: Any, simulator: ThreadedSimulator) -> Any:
    return client.show_notebook(ShowNotebookRequest(id=simulator.instance_id))


def stop(client: Any, simulator: ThreadedSimulator) -> Any:
    return client.stop_notebook(StopNotebookRequest(id=simulator.instance_id))


def test_it_shows_stops_and_starts(simulator: ThreadedSimulator, official: Official, until: Until) -> None:
    client = official(simulator)
    shown = show(client, simulator)
    assert (shown.status, shown.id, shown.token) == ("RUNNING", simulator.instance_id, simulator.instance.token)
    assert shown.volume.mount_path == "/home/ma-user/work/"
    assert shown.user.domain.name == "simulated-domain"
    stopped = stop(client, simulator)
    assert (stopped.status, stopped.status_code) == ("STOPPING", 200)
    assert [row.status for row in stopped.action_progress] == ["PROCESSING", "WAITING", "WAITING", "WAITING"]
    until(lambda: bool(show(client, simulator).status == "STOPPED"))
    request = StartNotebookRequest(id=simulator.instance_id, duration=7_200_000, type="TIMING")
    assert client.start_notebook(request).status == "STARTING"
    until(lambda: bool(show(client, simulator).status == "RUNNING"))
    assert simulator.instance.lease.duration == 7_200_000
    assert all(request.took_effect for request in simulator.requests)


def test_it_shows_and_renews_the_lease(simulator: ThreadedSimulator, official: Official) -> None:
    client = official(simulator)
    lease = client.show_lease(ShowLeaseRequest(id=simulator.instance_id))
    assert (lease.enable, lease.type, lease.duration) == (True, "TIMING", 3_600_000)
    body = LeaseReq(duration=7_200_000, type="IDLE")
    renewed = client.renew_lease(RenewLeaseRequest(id=simulator.instance_id, body=body))
    assert (renewed.type, renewed.duration) == ("IDLE", 7_200_000)
    renewed = client.renew_lease(RenewLeaseRequest(id=simulator.instance_id, duration=7_200_000))
    assert renewed.type == "TIMING"
    assert renewed.create_at + renewed.duration == renewed.update_at + 7_200_000


def test_it_reads_every_field_of_a_dedicated_instance(official: Official) -> None:
    with ThreadedSimulator(dedicated=True, progress_style="sdk") as simulator:
        shown = show(official(simulator), simulator)
        empty = [name for name in shown.openapi_types if getattr(shown, name) is None]
        assert empty == []
        assert shown.pool.name == "simulated-pool"
        assert shown.custom_spec.gpu == 0.5
        assert shown.affinity.required_during_scheduling_ignored_during_execution[0].operator == "In"
        assert shown.action_progress[0].description == "Prepare storage"


def test_a_permanent_key(official: Official) -> None:
    with ThreadedSimulator(temporary_key=False) as simulator:
        assert show(official(simulator), simulator).status == "RUNNING"
        assert "x-security-token" not in simulator.requests[0].headers


def test_an_answer_of_201_without_a_body(simulator: ThreadedSimulator, official: Official) -> None:
    simulator.settings.stop_answer_status = 201
    simulator.settings.stop_answer_empty = True
    assert stop(official(simulator), simulator).status_code == 201
    assert simulator.instance.status != "RUNNING"


@pytest.mark.parametrize("shape", ["error_code", "errorCode", "code", "nested", "nested_errorCode", "nested_code"])
def test_its_own_exception_for_each_shape(simulator: ThreadedSimulator, official: Official, shape: str) -> None:
    simulator.settings.error_shape = shape
    simulator.settings.deny("stop")
    with pytest.raises(ClientRequestException) as caught:
        stop(official(simulator), simulator)
    assert (caught.value.status_code, caught.value.error_code) == (403, "ModelArts.0112")
    assert "permission" in caught.value.error_msg
    assert caught.value.request_id == simulator.requests[-1].request_id
    assert simulator.instance.status == "RUNNING"


def test_its_own_exception_for_wrong_keys(simulator: ThreadedSimulator, official: Official) -> None:
    client = official(simulator)
    simulator.keys.add(simulator.access_key, "simulated-sk-changed", simulator.security_token)
    with pytest.raises(ClientRequestException) as caught:
        show(client, simulator)
    assert (caught.value.status_code, caught.value.error_code) == (401, "APIGW.0301")
    simulator.keys.revoke(simulator.access_key)
    with pytest.raises(ClientRequestException, match="does not exist"):
        show(client, simulator)


def test_its_own_exception_for_an_unknown_instance(simulator: ThreadedSimulator, official: Official) -> None:
    with pytest.raises(ClientRequestException) as caught:
        official(simulator).show_notebook(ShowNotebookRequest(id="00000000-0000-4000-8000-000000000000"))
    assert (caught.value.status_code, caught.value.error_code) == (400, "ModelArts.6309")


def test_its_own_exception_for_a_lease_out_of_range(simulator: ThreadedSimulator, official: Official) -> None:
    simulator.instance.status = "STOPPED"
    with pytest.raises(ClientRequestException) as caught:
        official(simulator).start_notebook(StartNotebookRequest(id=simulator.instance_id, duration=3_599_999))
    assert (caught.value.status_code, caught.value.error_code) == (400, "ModelArts.0104")


@pytest.mark.parametrize(
    ("fault", "kind", "status", "code"),
    [
        (Throttle(1), ClientRequestException, 429, "APIGW.0308"),
        (Unavailable(503), ServerResponseException, 503, "APIGW.0201"),
        (Refuse(500, "ModelArts.6100", "busy"), ServerResponseException, 500, "ModelArts.6100"),
        (Html(502), ServerResponseException, 502, "502"),
    ],
)
def test_its_own_exceptions_for_faults(
    simulator: ThreadedSimulator, official: Official, fault: Any, kind: type[Any], status: int, code: str
) -> None:
    simulator.faults.add("stop", fault)
    with pytest.raises(kind) as caught:
        stop(official(simulator), simulator)
    assert type(caught.value) is kind
    assert (caught.value.status_code, caught.value.error_code) == (status, code)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Reset("before"), ConnectionException),
        (Reset("after"), ConnectionException),
        # It has no exception of its own for an answer that breaks off.
        (Reset("during"), ChunkedEncodingError),
        (CutBody(), ChunkedEncodingError),
    ],
)
def test_a_broken_connection(
    simulator: ThreadedSimulator, official: Official, fault: Any, kind: type[Exception]
) -> None:
    simulator.faults.add("show", fault)
    client = official(simulator)
    with pytest.raises(kind):
        show(client, simulator)
    assert show(client, simulator).status == "RUNNING"


def test_nobody_there(simulator: ThreadedSimulator, official: Official) -> None:
    simulator.call(lambda s: s.close())
    with pytest.raises(ConnectionException):
        show(official(simulator), simulator)
