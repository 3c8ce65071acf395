"""A network that fails: a stop not yet accepted can be left, and a page that said goodbye comes back by itself."""

from __future__ import annotations

import contextlib
from typing import Any, Iterator

import pytest
from playwright.sync_api import Page, Route, expect

from jupyter_notebook_stop.simulator import ThreadedSimulator
from jupyter_notebook_stop.simulator.faults import Delay

from ..blips import BlippingProxy, Mode
from ..servers import lasting_port
from ..waiting import until
from .conftest import OpenTab, Server, Tab
from .steps import (
    OVERLAY,
    expect_farewell,
    expect_nothing_open,
    expect_phase,
    failure,
    run_from_palette,
    stop_from_palette,
    type_text,
    write_notebook,
)

EDITOR = ".jp-Notebook .cm-content"


@pytest.fixture(scope="module")
def proxy_port() -> Iterator[int]:
    """The port of one proxy after the other: what a browser has kept is of an address."""
    with lasting_port() as port:
        yield port


@pytest.fixture
def proxy(instance_server: Server, proxy_port: int) -> Iterator[BlippingProxy]:
    with BlippingProxy(instance_server.port, proxy_port) as running:
        yield running


@pytest.fixture
def tab(instance_server: Server, proxy: BlippingProxy, open_tab: OpenTab) -> Tab:
    """A notebook with a connected kernel, by way of the proxy."""
    write_notebook(instance_server.work / "a.ipynb", "1 + 1")
    opened = open_tab(proxy.through(instance_server.address("lab/tree/a.ipynb")), ready=EDITOR)
    # What the page shows is "idle" before there is a kernel.
    until(lambda: is_connected(instance_server), pause=0.2)
    type_text(opened.page, "# before")
    return opened


def is_connected(server: Server) -> bool:
    """Return whether the kernel is idle, and the page connected to it."""
    # Jupyter answers 500 while a kernel is being started.
    status, kernels = server.ask("GET", "api/kernels")
    return status == 200 and bool(kernels) and kernels[0]["connections"] > 0 and kernels[0]["execution_state"] == "idle"


def expect_alive(tab: Tab, server: Server, number: int = 40) -> None:
    """The page can run a cell, and type and save."""
    page = tab.page
    type_text(page, f"\n{number} + 2")
    page.keyboard.press("Control+s")
    until(lambda: f"{number} + 2" in (server.work / "a.ipynb").read_text())
    page.keyboard.press("Control+Enter")
    expect(page.locator(".jp-OutputArea-output").first).to_contain_text(str(number + 2))


def expect_running_again(tab: Tab) -> None:
    """Wait for the dialog that says so, and close it."""
    dialog = tab.page.locator(".jp-Dialog", has_text="RUNNING")
    expect(dialog).to_be_visible(timeout=180_000)
    dialog.get_by_role("button", name="Close").click()
    expect_nothing_open(tab.page)


MODES: tuple[Mode, ...] = ("refuse", "bad_gateway")


def test_a_blip_after_acceptance_is_not_the_end(
    tab: Tab, proxy: BlippingProxy, instance_server: Server, simulator: ThreadedSimulator
) -> None:
    """The stop fails after all: the page says goodbye, looks again, and comes back by itself."""
    for number, mode in enumerate(MODES):
        stop_from_palette(tab.page)
        expect_phase(tab.page, "accepted")
        with proxy.blip(mode):
            expect_farewell(tab.page)
            expect(tab.page.get_by_role("dialog", name="The stop was accepted")).to_be_visible()
            simulator.instance.status = "RUNNING"
        expect_running_again(tab)
        expect_alive(tab, instance_server, 40 + number)


def test_a_short_cut_is_found_over_soon(
    tab: Tab, proxy: BlippingProxy, instance_server: Server, simulator: ThreadedSimulator
) -> None:
    """A roam of a second: the progress is back before the instance has stopped, and the end is seen."""
    stop_from_palette(tab.page)
    expect_phase(tab.page, "accepted")
    with proxy.blip("refuse"):
        tab.page.wait_for_timeout(1_000)
    expect_phase(tab.page, "accepted")
    simulator.instance.status = "STOPPED"
    expect(tab.page.get_by_role("dialog", name="This instance has stopped")).to_be_visible()


def test_a_kernel_that_reconnects_is_not_the_end(
    tab: Tab, proxy: BlippingProxy, instance_server: Server, simulator: ThreadedSimulator
) -> None:
    simulator.instance.step_seconds = 4
    simulator.instance.stop_fails_with = "RUNNING"
    stop_from_palette(tab.page)
    expect_phase(tab.page, "accepted")
    # The sockets are reset, and nothing else happens.
    proxy.cut()
    expect_running_again(tab)
    expect_alive(tab, instance_server)


def test_a_stop_that_never_happens_gives_the_page_back(
    tab: Tab, proxy: BlippingProxy, instance_server: Server, simulator: ThreadedSimulator
) -> None:
    """The cloud accepts, and the instance runs again; the network fails meanwhile."""
    stop_from_palette(tab.page)
    expect_phase(tab.page, "accepted")
    with proxy.blip("refuse"):
        expect_farewell(tab.page)
        simulator.instance.status = "RUNNING"
        until(lambda: instance_server.view()["status"] == "RUNNING", pause=0.5)
        instance_server.kill()
        instance_server.start()
    # The user returns to the tab.
    tab.page.evaluate("window.dispatchEvent(new Event('online'))")
    expect(tab.page.get_by_role("button", name="Close")).to_be_visible()
    tab.page.get_by_role("button", name="Close").click()
    expect_nothing_open(tab.page)
    type_text(tab.page, "# after")
    tab.page.keyboard.press("Control+s")
    until(lambda: "# after" in (instance_server.work / "a.ipynb").read_text())


def test_a_stranger_before_acceptance_leaves_a_page_that_can_be_left(
    tab: Tab, instance_server: Server, simulator: ThreadedSimulator
) -> None:
    page = tab.page
    # The stop itself stays unanswered.
    page.route("**/jupyter-notebook-stop/stop?*", lambda route: None)
    another = {**instance_server.view(), "id": "11111111-2222-4333-8444-555555555555"}
    unavailable = {"available": False, "reason": "This server runs in no notebook instance."}
    for answer, told in ((unavailable, "runs in no notebook instance"), (another, another["id"])):
        run_from_palette(page)
        button = page.get_by_role("button", name="Save all and stop")
        expect(button).to_be_enabled()
        with answered(page, answer):
            button.click()
            dialog = failure(page)
            expect(dialog).to_contain_text(told)
            dialog.get_by_role("button", name="Close").click()
            expect_nothing_open(page)
    assert simulator.count("stop") == 0
    type_text(page, "# goes on")


@contextlib.contextmanager
def answered(page: Page, answer: dict[str, Any]) -> Iterator[None]:
    """Have whoever asks for the instance hear of another."""
    url = "**/jupyter-notebook-stop/instance?*"
    page.route(url, lambda route: route.fulfill(json=answer))
    yield
    page.unroute(url)


def test_a_cancel_that_comes_to_nothing_is_told_and_can_be_repeated(
    tab: Tab, instance_server: Server, simulator: ThreadedSimulator
) -> None:
    page = tab.page

    def hold(route: Route) -> None:
        """Keep the report that saving is done from the server, so that there is time to cancel."""
        if "saved" not in (route.request.post_data or ""):
            route.continue_()

    fates = ["lost", "refused"]

    def lose(route: Route) -> None:
        if route.request.method != "DELETE" or fate not in fates:
            route.fallback()
        elif fate == "lost":
            fates.remove(fate)
            route.abort()
        else:
            fates.remove(fate)
            # As Jupyter answers when a login has expired.
            route.fulfill(status=403, json={"code": "http_403", "message": "Forbidden"})

    page.route("**/tabs/*", hold)
    page.route("**/jupyter-notebook-stop/stop/**", lose)
    reasons = {"lost": "the server did not respond", "refused": "the server refused it (Forbidden)"}
    for number, (fate, told) in enumerate(reasons.items()):
        stop_from_palette(page)
        expect_phase(page, "saving")
        cancel = page.get_by_role("button", name="Cancel the stop")
        cancel.click()
        expect(page.locator(OVERLAY).get_by_role("alert")).to_contain_text(f"Could not cancel: {told}")
        expect(cancel).to_be_enabled()
        tab.screenshot(f"cancel-{fate}")
        cancel.click()
        expect_nothing_open(page)
        assert fate not in fates
        assert simulator.count("stop") == 0
        expect_alive(tab, instance_server, 40 + number)


@pytest.mark.parametrize("instance_server", [{"read_timeout": 60}], indirect=True, ids=["patient"])
def test_a_slow_cloud_is_no_failure(tab: Tab, simulator: ThreadedSimulator) -> None:
    # Longer than the page waits for what is answered at once.
    simulator.faults.add("stop", Delay(12))
    stop_from_palette(tab.page)
    expect_phase(tab.page, "stopping")
    expect_phase(tab.page, "accepted")
    expect(tab.page.locator(".jp-Dialog")).to_have_count(0)
    simulator.instance.status = "STOPPED"
    expect_farewell(tab.page)
    assert simulator.count("stop") == 1
