"""What tests share is as new to each of them."""

from __future__ import annotations

from typing import Iterator

import pytest
from playwright.sync_api import expect

from jupyter_notebook_stop.simulator import ThreadedSimulator
from jupyter_notebook_stop.simulator.faults import Delay

from .profiles import Profiles
from .schedules import COUNTDOWN, TOAST, accept, schedule_at, scheduled
from .shared import LEFT_OPEN, SharedLab
from .steps import expect_nothing_open, run_from_palette, type_text


@pytest.fixture(scope="module")
def own(
    profiles: Profiles, port: int, instance_id: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SharedLab]:
    """One that no other test has, because each of these tells it that a test has ended."""
    with ThreadedSimulator(step_seconds=0.05, instance_id=instance_id) as simulator:
        shared = SharedLab(profiles, simulator, tmp_path_factory.mktemp("own"), port=port)
        yield shared
        shared.close()


def expect_new_cloud(shared: SharedLab) -> None:
    simulator = shared.simulator
    assert simulator.requests == []
    assert [*simulator.instances] == [simulator.instance_id]
    assert simulator.instance.status == "RUNNING"
    assert simulator.instance.lease.duration == 3_600_000
    assert simulator.settings.denied == {}
    assert scheduled(shared.server) is None
    # What it plays on request would make this one late, or fail.
    assert shared.server.view()["status"] == "RUNNING"
    simulator.requests.clear()


def test_the_next_test_finds_the_page_and_a_cloud_as_new(own: SharedLab) -> None:
    page, simulator = own.page, own.simulator
    run_from_palette(page)
    # Until it is read, what the cloud plays would be of this reading.
    expect(page.locator("[data-part=status]")).to_have_text("RUNNING")
    page.context.set_offline(True)
    page.route("**/*", lambda route: route.abort())
    simulator.faults.add("show", Delay(600), times=None)
    simulator.settings.deny("show")
    simulator.instance.status = "STOPPING"
    simulator.instance.lease.duration = 60_000
    own.leave(passed=True)
    expect_new_cloud(own)
    assert own.page is page
    assert page.evaluate("fetch('api/status').then(response => response.type, () => 'lost')") == "basic"
    expect_nothing_open(page)


def test_the_next_test_finds_nothing_scheduled(own: SharedLab) -> None:
    page = own.page
    run_from_palette(page, "stop-at")
    accept(page, "at")
    expect(page.locator(TOAST)).to_be_visible()
    schedule_at(own.server, own.simulator)
    expect(page.locator(COUNTDOWN)).to_be_visible()
    own.leave(passed=True)
    expect_new_cloud(own)
    assert own.page is page
    expect_nothing_open(page)
    expect(page.locator(LEFT_OPEN)).to_have_count(0)


@pytest.mark.parametrize("passed", [True, False])
def test_the_page_of_a_test_that_left_a_document_or_failed_is_replaced(own: SharedLab, passed: bool) -> None:
    page = own.page
    if passed:
        (own.server.work / "left.txt").write_text("as it was\n")
        page.locator(".jp-DirListing-item", has_text="left.txt").dblclick()
        type_text(page, "typed")
    process = own.server.process.pid
    own.leave(passed=passed)
    assert page.is_closed()
    assert (own.server.process.pid == process) is passed
    expect_new_cloud(own)
    expect(own.page.locator(SharedLab.ready)).to_be_visible()
    expect(own.page.locator(LEFT_OPEN)).to_have_count(0)
