"""Stopping the instance: whatever gets lost on the way, it is sent again only where it was certainly not taken."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest

from jupyter_notebook_stop.errors import (
    CredentialsError,
    InstanceStateError,
    NotebookStopError,
    OutcomeUnknownError,
    PermissionDeniedError,
    StopFailedError,
    UnreachableError,
)
from jupyter_notebook_stop.modelarts.transport import MAX_RESPONSE, NotSentError, Timeouts
from jupyter_notebook_stop.simulator import (
    Answer,
    BrokenJson,
    CutBody,
    Delay,
    Empty,
    Fault,
    Html,
    Huge,
    OtherJson,
    Redirect,
    Refuse,
    Reset,
    Throttle,
    Unavailable,
)

from .conftest import DEADLINES, SOON_GIVEN_UP


def test_a_stop(cloud: Any) -> None:
    notebook = cloud.stop()
    assert (notebook.id, notebook.status) == (cloud.simulator.instance_id, "STOPPING")
    (request,) = cloud.simulator.requests
    assert (request.method, request.body, request.took_effect) == ("POST", b"", True)
    assert request.path == f"/v1/{cloud.simulator.project_id}/notebooks/{cloud.simulator.instance_id}/stop"
    assert request.headers["content-type"] == "application/json"


@pytest.mark.parametrize("status", [200, 201])
@pytest.mark.parametrize("empty", [False, True])
def test_any_2xx_is_a_yes(cloud: Any, status: int, empty: bool) -> None:
    cloud.simulator.settings.stop_answer_status = status
    cloud.simulator.settings.stop_answer_empty = empty
    assert cloud.stop().status == "STOPPING"
    assert cloud.order() == (["stop", "show"] if empty else ["stop"])


def test_a_yes_without_a_body_where_reading_is_forbidden(cloud: Any) -> None:
    cloud.simulator.settings.stop_answer_empty = True
    cloud.simulator.settings.deny("show")
    notebook = cloud.stop()
    assert (notebook.id, notebook.status) == (cloud.simulator.instance_id, "STOPPING")
    assert cloud.simulator.count("stop") == 1


LOST_AFTER: list[Fault] = [
    Reset(when="after"),
    Reset(when="during"),
    CutBody(),
    CutBody(keep=0.0),
    CutBody(chunked=True),
    Huge(size=2 * MAX_RESPONSE),
    BrokenJson(takes_effect=True),
    OtherJson(shape="nested", takes_effect=True),
    Html(status=200, takes_effect=True),
    Html(status=502, takes_effect=True),
    Empty(status=504, takes_effect=True),
    Unavailable(status=500, takes_effect=True),
    Unavailable(status=408, takes_effect=True),
    Unavailable(status=503, takes_effect=True),
]


@pytest.mark.parametrize("fault", LOST_AFTER, ids=repr)
def test_a_lost_answer_to_a_stop_that_was_taken(cloud: Any, fault: Fault) -> None:
    cloud.simulator.faults.add("stop", fault)
    assert cloud.stop().status in ("STOPPING", "STOPPED")
    assert cloud.order() == ["stop", "show"], "it was sent once, then read"


ASKED_AGAIN: list[Fault] = [Throttle(retry_after=0, status=503), Throttle(retry_after=0, as_date=True, status=503)]


@pytest.mark.parametrize("fault", ASKED_AGAIN, ids=repr)
def test_a_stop_is_sent_again_where_the_answer_asks_for_it_once_the_instance_was_read(cloud: Any, fault: Fault) -> None:
    cloud.simulator.faults.add("stop", fault)
    assert cloud.stop().status == "STOPPING"
    # The status may lag behind: it is looked at more than once before anything is sent again.
    assert cloud.order() == ["stop", "show", "show", "show", "stop"]


@pytest.mark.parametrize("fault", ASKED_AGAIN, ids=repr)
def test_and_not_without_end(cloud: Any, fault: Fault) -> None:
    cloud.simulator.faults.add("stop", fault, times=None)
    with pytest.raises(UnreachableError) as caught:
        cloud.stop()
    assert caught.value.code == "APIGW.0308"
    assert cloud.order() == ["stop", "show", "show", "show"] * 4
    assert cloud.simulator.instance.status == "RUNNING"


AMBIGUOUS: list[Fault] = [
    Reset(),
    Html(status=200),
    BrokenJson(),
    Html(status=502),
    Html(status=503),
    *(Unavailable(status=status) for status in (408, 500, 502, 503, 504)),
    Throttle(status=502),
    Answer(status=200, body="{}"),
    Answer(status=200, body='{"action_progress": []}'),
]


@pytest.mark.parametrize("fault", AMBIGUOUS, ids=repr)
def test_a_stop_that_may_be_taken_yet_is_not_sent_again(cloud: Any, fault: Fault) -> None:
    cloud.simulator.faults.add("stop", fault, times=None)
    with pytest.raises(OutcomeUnknownError, match="still RUNNING; it may still stop") as caught:
        cloud.stop()
    assert "stop it again if it is still RUNNING" in str(caught.value.remedy)
    assert cloud.order() == ["stop", "show", "show", "show"]


def test_a_stop_that_hangs_is_looked_after(cloud: Any) -> None:
    cloud.simulator.faults.add("stop", Delay(600.0, when="after"))
    assert cloud.stop(**SOON_GIVEN_UP).status in ("STOPPING", "STOPPED")
    sent, *then = cloud.order()
    assert sent == "stop"
    assert set(then) == {"show"}


def test_a_stop_is_looked_after_even_when_its_own_time_is_over(cloud: Any) -> None:
    cloud.simulator.faults.add("stop", Delay(600.0, when="after"), times=None)
    for limit in DEADLINES:
        with contextlib.suppress(NotSentError):
            notebook = cloud.stop(timeouts=Timeouts(60.0, 60.0, 60.0, 60.0, total=limit))
            break
    assert notebook.status in ("STOPPING", "STOPPED")
    assert cloud.order() == ["stop", "show"]


@pytest.mark.parametrize("fault", [Refuse(401, "APIGW.0301"), Refuse(403, "ModelArts.0112"), BrokenJson(), Reset()])
@pytest.mark.parametrize("lost", [Reset(when="after"), Unavailable(status=503, takes_effect=True)])
def test_a_lost_answer_and_no_read_is_an_unknown_outcome(cloud: Any, lost: Fault, fault: Fault) -> None:
    cloud.simulator.faults.add("stop", lost, times=None)
    cloud.simulator.faults.add("show", fault, times=None)
    with pytest.raises(OutcomeUnknownError) as caught:
        cloud.stop()
    assert cloud.simulator.count("stop") == 1, "it was sent again although nobody knew"
    assert "The stop was sent" in caught.value.message
    assert "before you try again" in str(caught.value.remedy)
    assert caught.value.code == "outcome_unknown"


@pytest.mark.parametrize("state", ["ERROR", "STARTING", "SOMETHING_NEW"])
def test_a_lost_answer_and_another_state(cloud: Any, state: str) -> None:
    cloud.simulator.faults.add("stop", Reset())
    cloud.simulator.instance.status = state
    with pytest.raises(StopFailedError, match=f"the instance is {state} now"):
        cloud.stop()
    assert cloud.order() == ["stop", "show"]


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Refuse(401, "APIGW.0301"), CredentialsError),
        (Refuse(403, "ModelArts.0112"), PermissionDeniedError),
        (Refuse(400, "ModelArts.6306"), InstanceStateError),
        (Refuse(400, "ModelArts.6327"), InstanceStateError),
        (Refuse(400, "New.1"), NotebookStopError),
        (Refuse(404, "APIGW.0101"), NotebookStopError),
        (Redirect(), NotebookStopError),
    ],
    ids=repr,
)
def test_a_refused_stop_is_not_repeated(cloud: Any, fault: Fault, kind: type[NotebookStopError]) -> None:
    cloud.simulator.faults.add("stop", fault, times=None)
    with pytest.raises(kind):
        cloud.stop()
    assert cloud.order() == ["stop"]


def test_a_throttled_stop_is_repeated_without_a_look(cloud: Any) -> None:
    cloud.simulator.faults.add("stop", Throttle(retry_after=2.0), times=2)
    assert cloud.stop().status == "STOPPING"
    assert cloud.order() == ["stop"] * 3
    assert cloud.slept == [2.0, 2.0]


CONFLICTS = [
    ("target", "STOPPING", "ModelArts.6357"),
    ("target", "STOPPED", "ModelArts.6357"),
    ("precise", "STOPPING", "ModelArts.6308"),
    ("precise", "STOPPED", "ModelArts.6307"),
]


@pytest.mark.parametrize(("conflict", "status", "code"), CONFLICTS)
@pytest.mark.parametrize("shape", ["error_code", "errorCode", "nested_code"])
def test_a_stop_of_what_has_stopped_is_an_answer(cloud: Any, conflict: str, status: str, code: str, shape: str) -> None:
    cloud.simulator.settings.error_shape = shape
    cloud.simulator.instance.stop_conflict = conflict
    cloud.simulator.instance.status = status
    assert cloud.stop().status == status
    assert cloud.order() == ["stop", "show"]
    assert [request.status for request in cloud.simulator.requests] == [400, 200]


@pytest.mark.parametrize(("conflict", "status", "code"), CONFLICTS)
def test_and_also_where_reading_is_forbidden(cloud: Any, conflict: str, status: str, code: str) -> None:
    cloud.simulator.settings.deny("show")
    cloud.simulator.instance.stop_conflict = conflict
    cloud.simulator.instance.status = status
    notebook = cloud.stop()
    assert notebook.id == cloud.simulator.instance_id
    assert notebook.status == (status if conflict == "precise" else "STOPPING")


def test_an_answer_about_another_instance_is_not_believed(cloud: Any) -> None:
    other = '{"id": "00000000-51d0-4000-8000-000000000001", "status": "STOPPING"}'
    cloud.simulator.faults.add("stop", Answer(body=other))
    with pytest.raises(OutcomeUnknownError, match="another instance") as caught:
        cloud.stop()
    assert caught.value.code == "foreign_answer"
    assert cloud.order() == ["stop"]


def test_the_case_of_an_id_does_not_matter(cloud: Any) -> None:
    body = f'{{"id": "{cloud.simulator.instance_id.upper()}", "status": "STOPPING"}}'
    cloud.simulator.faults.add("stop", Answer(body=body))
    assert cloud.stop().status == "STOPPING"


def test_a_service_that_is_not_there(cloud: Any, deaf_port: int) -> None:
    with pytest.raises(UnreachableError) as caught:
        cloud.stop(endpoint=f"http://127.0.0.1:{deaf_port}")
    assert caught.value.code == "connect"
    assert "FORBIDDEN" in str(caught.value.remedy)
    assert len(cloud.slept) == 3, "what was certainly not sent may be sent again"
    assert cloud.simulator.count() == 0


def test_a_stop_that_a_slow_service_may_take_yet_is_not_sent_again(cloud: Any, simulator: Any) -> None:
    simulator.faults.add("stop", Delay(600.0, when="before"), times=None)
    with pytest.raises(OutcomeUnknownError, match="it may still stop") as caught:
        cloud.stop(**SOON_GIVEN_UP)
    assert caught.value.remedy
    assert simulator.count("stop") == 1
