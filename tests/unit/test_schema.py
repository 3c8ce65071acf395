"""The structs of the local API: what an attempt is at its start, and that errors keep their kind."""

from __future__ import annotations

import pathlib
from typing import Any

import msgspec
import pytest
from jupyter_events import yaml

import jupyter_notebook_stop
from jupyter_notebook_stop import errors, requests, schema
from jupyter_notebook_stop.errors import NotebookStopError, PermissionDeniedError, SaveError, UnreachableError
from jupyter_notebook_stop.modelarts.transport import NotSentError
from jupyter_notebook_stop.notebook.local_api import error_of
from jupyter_notebook_stop.policy.views import problem_of
from jupyter_notebook_stop.schema import (
    ACCEPTED,
    CANCELLED,
    REFUSED,
    RESUMED,
    SAVING,
    STOPPED,
    STOPPING,
    Attempt,
    Name,
    Problem,
    Tab,
)


def test_attempts_share_nothing() -> None:
    first, second = Attempt(), Attempt()
    assert first.id != second.id
    first.tabs.append(Tab(id="a", state="here"))
    assert second.tabs == []
    assert first.started_at.tzinfo is not None


def test_its_id_has_the_form_of_ids() -> None:
    assert msgspec.convert(Attempt().id, Name)
    for bad in ("", "a/b", "..", "a b", "a" * 65, "ä", "a\n"):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(bad, Name)


@pytest.mark.parametrize(
    ("phase", "pending"),
    [
        (SAVING, True),
        (STOPPING, True),
        (ACCEPTED, False),
        (STOPPED, False),
        (REFUSED, False),
        (CANCELLED, False),
        (RESUMED, False),
    ],
)
def test_it_is_pending_until_the_cloud_has_answered(phase: str, pending: bool) -> None:
    assert Attempt(phase=phase).pending is pending


CONTRACT = pathlib.Path(jupyter_notebook_stop.__file__).parent / "server" / "rest-api.yml"
STRUCTS = {
    **{
        name: getattr(requests if name.endswith(("Request", "Report")) else schema, name)
        for name in yaml.load(CONTRACT)["components"]["schemas"]
    },
    "Instance.lease": schema.Lease,
    "Instance.action_progress": schema.Step,
    "AtRisk.kernels": schema.BusyKernel,
    "Attempt.tabs": schema.Tab,
}


def described_by(description: dict[str, Any], properties: list[str]) -> dict[str, Any]:
    """Return the description of a property of a property, or of its items."""
    for each in properties:
        description = description["properties"][each]
        description = description.get("items", description)
    return description


@pytest.mark.parametrize("name", STRUCTS)
def test_each_struct_has_the_fields_of_the_contract(name: str) -> None:
    first, *properties = name.split(".")
    described = described_by(yaml.load(CONTRACT)["components"]["schemas"][first], properties)
    properties_of = [each["properties"] for each in described.get("oneOf", [described])]
    assert set(STRUCTS[name].__struct_fields__) == set().union(*properties_of)


@pytest.mark.parametrize(
    ("event", "name", "of_the_contract", "more"),
    [
        ("attempt.tabs", "state", "Attempt.tabs", set()),
        ("attempt", "save", "Attempt", set()),
        ("attempt", "source", "StopRequest", {"schedule"}),
        ("stop", "phase", "Attempt", set()),
        ("stop", "save", "Attempt", set()),
        ("stop", "source", "StopRequest", {"schedule"}),
        ("schedule", "state", "Schedule", {None}),
    ],
)
def test_an_event_takes_every_value_of_the_contract(
    event: str, name: str, of_the_contract: str, more: set[str | None]
) -> None:
    first, *properties = event.split(".")
    described = described_by(yaml.load(CONTRACT.with_name("events") / f"{first}.yaml"), properties)
    first, *properties = of_the_contract.split(".")
    expected = described_by(yaml.load(CONTRACT)["components"]["schemas"][first], properties)
    # An event that does not fit its schema is not sent at all.
    assert {*described["properties"][name]["enum"]} == {*expected["properties"][name]["enum"]} | more


def test_what_is_under_way_has_not_ended() -> None:
    phases = (SAVING, STOPPING, ACCEPTED, STOPPED, REFUSED, CANCELLED, RESUMED)
    assert [phase for phase in phases if Attempt(phase=phase).under_way] == [SAVING, STOPPING, ACCEPTED]


KINDS = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, NotebookStopError)]


def sent(error: NotebookStopError) -> Problem:
    """Return what a kernel makes of an error that its server has sent."""
    return msgspec.json.decode(msgspec.json.encode(problem_of(error)), type=Problem)


@pytest.mark.parametrize("kind", KINDS)
def test_a_cell_gets_the_exception_that_the_server_raised(kind: type[NotebookStopError]) -> None:
    raised = kind("What happened.", code="Any.1", remedy="Do it.", status=500, request_id="r-1")
    if isinstance(raised, SaveError):
        raised.documents = ({"path": "a.ipynb", "reason": "read-only"},)
    error = error_of(sent(raised), 502)
    assert type(error) is kind
    assert vars(error) == vars(raised)


def test_all_kinds_are_tried() -> None:
    assert len(KINDS) == 13


def test_an_exception_of_a_module_is_told_as_the_public_one() -> None:
    assert type(error_of(sent(NotSentError("No.", code="connect")))) is UnreachableError


@pytest.mark.parametrize("kind", [None, "", "NewerError", "Mapping", "annotations", "__name__", "Exception"])
@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (None, NotebookStopError),
        (409, NotebookStopError),
        (502, NotebookStopError),
        (504, UnreachableError),
        (401, PermissionDeniedError),
        (403, PermissionDeniedError),
    ],
)
def test_a_kind_that_is_not_known(kind: Any, status: int | None, expected: type[NotebookStopError]) -> None:
    assert type(error_of(Problem(code="x", message="y", kind=kind), status)) is expected


@pytest.mark.parametrize("status", [401, 403])
def test_jupyter_itself_refuses_whatever_the_kind(status: int) -> None:
    error = error_of(Problem(code="x", message="y", kind="SaveError"), status)
    assert (type(error), error.code) == (PermissionDeniedError, "jupyter_refused")
