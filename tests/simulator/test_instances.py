"""The state machine by itself, with a schedule that is turned by hand."""

from __future__ import annotations

from typing import Any, Callable

import pytest
from huaweicloudsdkmodelarts.v1 import ShowNotebookResponse  # type: ignore[import-untyped]

from jupyter_notebook_stop.simulator import Refusal
from jupyter_notebook_stop.simulator.documents import PROGRESS_STYLES
from jupyter_notebook_stop.simulator.instances import Instance

ID = "00000000-51d0-4000-8000-000000000000"
NOW = 1638841744.515

# Every field of the page's main table.
PAGE = {
    *("action_progress", "description", "endpoints", "fail_reason", "flavor", "custom_spec", "id", "image", "lease"),
    *("name", "pool", "status", "token", "url", "volume", "workspace_id", "feature", "billing_items", "user"),
    *("affinity", "run_user"),
}


class Hand:
    """A schedule and a clock that move when told to."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], None]] = []
        self.delays: list[float] = []
        self.now = NOW

    def put_off(self, seconds: float, step: Callable[[], None]) -> None:
        self.delays.append(seconds)
        self.waiting.append(step)

    def turn(self) -> None:
        self.waiting.pop(0)()

    def instance(self, **options: Any) -> Instance:
        return Instance(ID, self.put_off, lambda: self.now, **options)


@pytest.fixture
def hand() -> Hand:
    return Hand()


def test_a_stop_goes_through_four_steps_and_tells_the_hook_once(hand: Hand) -> None:
    stopped: list[str] = []
    instance = hand.instance(on_stopped=stopped.append, step_seconds=1.5)
    instance.stop()
    seen = [(instance.status, tuple(instance.steps))]
    while hand.waiting:
        assert not stopped
        hand.turn()
        seen.append((instance.status, tuple(instance.steps)))
    w, p, c = "WAITING", "PROCESSING", "COMPLETED"
    assert seen == [
        ("STOPPING", (p, w, w, w)),
        ("STOPPING", (c, p, w, w)),
        ("STOPPING", (c, c, p, w)),
        ("STOPPING", (c, c, c, p)),
        ("STOPPED", (c, c, c, c)),
    ]
    assert stopped == [ID]
    assert hand.delays == [1.5] * 4


def test_a_start_goes_through_four_steps_and_renews_the_lease(hand: Hand) -> None:
    stopped: list[str] = []
    instance = hand.instance(status="STOPPED", on_stopped=stopped.append)
    hand.now += 1000
    instance.start(7_200_000, "idle")
    assert instance.status == "STARTING"
    for _ in range(4):
        hand.turn()
    assert instance.status == "RUNNING"
    assert not hand.waiting
    assert not stopped
    lease = instance.lease
    created = int(hand.now * 1000)
    assert (lease.create_at, lease.update_at, lease.duration, lease.type) == (created, created, 7_200_000, "IDLE")


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("STOPPED", "6357"),
        ("STOPPING", "6357"),
        ("STARTING", "6306"),
        ("INIT", "6355"),
        ("CREATING", "6355"),
        ("FROZEN", "6326"),
        ("RESTORING", "6333"),
        ("SNAPSHOTTING", "6333"),
        ("ERROR", "6327"),
        ("START_FAILED", "6327"),
        ("NEVER_HEARD_OF", "6327"),
    ],
)
def test_what_a_stop_is_refused_with(hand: Hand, status: str, code: str) -> None:
    instance = hand.instance(status=status)
    with pytest.raises(Refusal) as caught:
        instance.stop()
    assert (caught.value.status, caught.value.code) == (400, f"ModelArts.{code}")
    assert instance.status == status
    assert not hand.waiting


@pytest.mark.parametrize(("status", "code"), [("STOPPED", "ModelArts.6307"), ("STOPPING", "ModelArts.6308")])
def test_a_stop_may_be_refused_more_precisely(hand: Hand, status: str, code: str) -> None:
    with pytest.raises(Refusal) as caught:
        hand.instance(status=status, stop_conflict="precise").stop()
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("status", "code"),
    [("RUNNING", "6357"), ("STARTING", "6306"), ("STOPPING", "6308"), ("FROZEN", "6326"), ("DELETING", "6327")],
)
def test_what_a_start_is_refused_with(hand: Hand, status: str, code: str) -> None:
    with pytest.raises(Refusal) as caught:
        hand.instance(status=status).start()
    assert caught.value.code == f"ModelArts.{code}"


@pytest.mark.parametrize("duration", [3_599_999, 259_200_001, -1, 0, True, "3600000"])
def test_a_lease_out_of_range_is_refused_and_changes_nothing(hand: Hand, duration: Any) -> None:
    instance = hand.instance(status="STOPPED")
    with pytest.raises(Refusal, match="duration"):
        instance.start(duration)
    assert instance.status == "STOPPED"
    with pytest.raises(Refusal, match="duration"):
        hand.instance().renew_lease(duration, "TIMING")


@pytest.mark.parametrize("duration", [3_600_000, 259_200_000])
def test_both_ends_of_the_range_are_taken(hand: Hand, duration: int) -> None:
    hand.instance(status="STOPPED").start(duration)
    hand.instance().renew_lease(duration, "TIMING")


def test_a_lease_of_an_unknown_type_is_refused(hand: Hand) -> None:
    with pytest.raises(Refusal, match="type"):
        hand.instance().renew_lease(3_600_000, "SOMETIME")


def test_a_renewed_lease_ends_as_the_example_of_the_page_does(hand: Hand) -> None:
    instance = hand.instance()
    hand.now = 1638843457.621
    instance.renew_lease(3_600_000, "timing")
    assert instance.lease.document() == {
        "create_at": 1638841744515,
        "duration": 5313106,
        "enable": True,
        "type": "TIMING",
        "update_at": 1638843457621,
    }


def test_an_idle_window_is_not_reckoned_from_the_creation(hand: Hand) -> None:
    instance = hand.instance()
    hand.now += 5000
    instance.renew_lease(3_600_000, "IDLE")
    assert instance.lease.duration == 3_600_000


def test_no_lease_is_renewed_while_stopped(hand: Hand) -> None:
    with pytest.raises(Refusal) as caught:
        hand.instance(status="STOPPED").renew_lease(3_600_000, "TIMING")
    assert caught.value.code == "ModelArts.6327"


def test_setting_the_status_ends_what_is_under_way(hand: Hand) -> None:
    stopped: list[str] = []
    instance = hand.instance(on_stopped=stopped.append)
    instance.stop()
    instance.status = "RUNNING"
    hand.turn()
    assert instance.status == "RUNNING"
    assert not hand.waiting
    instance.status = "STOPPED"
    assert not stopped


@pytest.mark.parametrize("end", ["RUNNING", "ERROR"])
def test_a_stop_may_fail_after_it_was_accepted(hand: Hand, end: str) -> None:
    stopped: list[str] = []
    instance = hand.instance(on_stopped=stopped.append)
    instance.stop_fails_with = end
    instance.stop()
    assert instance.status == "STOPPING"
    while hand.waiting:
        hand.turn()
    assert instance.status == end
    assert instance.steps == ["COMPLETED", "COMPLETED", "FAILED", "WAITING"]
    assert instance.document()["fail_reason"]
    assert not stopped


def test_the_document_has_every_field_of_the_page_and_of_the_sdk(hand: Hand) -> None:
    document = hand.instance(dedicated=True).document()
    assert document.keys() >= PAGE
    assert set(ShowNotebookResponse.openapi_types) <= document.keys()


def test_without_a_dedicated_pool_what_belongs_to_it_is_absent(hand: Hand) -> None:
    document = hand.instance().document()
    assert PAGE - document.keys() == {"pool", "custom_spec", "affinity"}
    assert document["volume"]["mount_path"] == "/home/ma-user/work/"


def test_tokens_differ_between_instances(hand: Hand) -> None:
    assert hand.instance().document()["token"] != hand.instance().document()["token"]


@pytest.mark.parametrize(
    ("style", "expected"),
    [
        ("page", {"notebook_id": ID, "status": "COMPLETED", "step": 1, "step_description": "Prepare storage"}),
        ("sdk", {"status": "COMPLETED", "step": 1, "description": "Prepare storage"}),
    ],
)
def test_both_spellings_of_the_progress(hand: Hand, style: str, expected: dict[str, Any]) -> None:
    progress = hand.instance(progress_style=style).document()["action_progress"]
    assert progress[0] == expected
    assert [row["step"] for row in progress] == [1, 2, 3, 4]


def test_the_progress_may_be_null_empty_or_absent(hand: Hand) -> None:
    assert hand.instance(progress_style="null").document()["action_progress"] is None
    assert hand.instance(progress_style="empty").document()["action_progress"] == []
    assert "action_progress" not in hand.instance(progress_style="absent").document()


def test_options_that_do_not_exist_are_refused(hand: Hand) -> None:
    with pytest.raises(ValueError, match=PROGRESS_STYLES[0]):
        hand.instance(progress_style="fancy")
    with pytest.raises(ValueError, match="precise"):
        hand.instance(stop_conflict="fancy")


def test_extra_fields_lie_over_the_document(hand: Hand) -> None:
    instance = hand.instance()
    instance.extra = {"brand_new": [1], "volume": None}
    assert instance.document()["brand_new"] == [1]
    assert instance.document()["volume"] is None
