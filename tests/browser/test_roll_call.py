"""The roll call reaches hidden and reloaded tabs, and a page that does not answer is not forgotten."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from jupyter_notebook_stop.simulator import ThreadedSimulator

from ..conftest import instance_environment
from ..waiting import LIMIT
from .conftest import OpenTab, Server, StartServer, Tab
from .steps import (
    LAB,
    expect_farewell,
    expect_kernel,
    expect_nothing_open,
    expect_phase,
    stop_from_palette,
    type_text,
    write_notebook,
)
from .test_cell import KERNEL_READY
from .test_tabs import Post

HIDDEN = """
Object.defineProperty(document, 'hidden', { get: () => window.isHidden ?? false });
window.sockets = [];
window.WebSocket = class extends WebSocket {
    constructor(...all) { super(...all); window.sockets.push(this); }
};
"""
"""Before the page: lets a test hide it, and cut its sockets."""

DEAF = """
window.WebSocket = class extends WebSocket {
    constructor(url, ...more) { super(url.replace('api/events/subscribe', 'nowhere'), ...more); }
};
"""
"""Before the page: keeps it from hearing of events."""

CUT = """() => {
    const events = window.sockets.filter(({ url }) => url.includes('api/events/subscribe'));
    events.forEach(socket => socket.close());
    return events.length;
}"""

CONNECTED = "window.sockets.some(s => s.url.includes('api/events/subscribe') && s.readyState === 1)"


def view(server: Server) -> dict[str, Any]:
    shown: dict[str, Any] = server.fetch("GET", "jupyter-notebook-stop/instance")
    return shown


def wait_for(page: Page, what: str) -> None:
    page.wait_for_function(what)


@pytest.fixture
def patient_server(start_server: StartServer, simulator: ThreadedSimulator) -> Server:
    """A server before which whoever waits for tabs that are not there fails."""
    return start_server(
        instance_environment(simulator),
        base_url=f"/{simulator.instance_id}/",
        arguments=["--NotebookStop.roll_call_timeout=600"],
    )


def test_a_hidden_tab_connects_again_and_saves(
    instance_server: Server, simulator: ThreadedSimulator, open_tab: OpenTab
) -> None:
    (instance_server.work / "doc.txt").write_text("as it was\n")
    tab = open_tab(instance_server.address("lab/tree/doc.txt"), ready=".jp-FileEditor .cm-content", script=HIDDEN)
    type_text(tab.page, "typed before the night")
    wait_for(tab.page, CONNECTED)
    tab.page.evaluate("window.isHidden = true")
    assert tab.page.evaluate(CUT) == 1
    wait_for(tab.page, CONNECTED)

    post = Post(instance_server, simulator.instance_id)
    while post.is_alive():
        tab.page.wait_for_timeout(100)
    assert post.status == 202
    assert [each["state"] for each in view(instance_server)["attempt"]["tabs"]] == ["saved"]
    assert "typed before the night" in (instance_server.work / "doc.txt").read_text()
    simulator.instance.status = "STOPPED"
    expect_farewell(tab.page)


def test_a_tab_that_is_reloaded_while_tabs_save_takes_part(
    instance_server: Server, simulator: ThreadedSimulator, open_tab: OpenTab
) -> None:
    (instance_server.work / "doc.txt").write_text("as it was\n")
    tab = open_tab(instance_server.address("lab/tree/doc.txt"), ready=".jp-FileEditor .cm-content")
    # It says `here`, and is gone before it says more. Another tab takes its time.
    tab.page.route("**/tabs/*", lambda route: None if "saved" in (route.request.post_data or "") else route.continue_())
    post = Post(instance_server, simulator.instance_id)
    expect_phase(tab.page, "saving")
    attempt = view(instance_server)["attempt"]["id"]
    other = f"jupyter-notebook-stop/stop/{attempt}/tabs/other"
    instance_server.fetch("PUT", other, {"state": "here"})
    tab.page.unroute_all(behavior="ignoreErrors")
    tab.page.reload()
    expect_phase(tab.page, "saving")

    def states() -> list[str]:
        return sorted(each["state"] for each in view(instance_server)["attempt"]["tabs"])

    while states() != ["here", "saved"]:
        tab.page.wait_for_timeout(100)
        assert view(instance_server)["attempt"]["phase"] == "saving", post.answer
    instance_server.fetch("PUT", other, {"state": "saved"})
    expect_phase(tab.page, "accepted")
    post.join(LIMIT)
    assert post.status == 202


# It never responds: what the roll call lasts is waited for.
@pytest.mark.parametrize("instance_server", [{"roll_call_timeout": 2}], indirect=True, ids=["short"])
def test_a_page_that_did_not_hear_of_the_stop_is_told_of(
    instance_server: Server, simulator: ThreadedSimulator, open_tab: OpenTab
) -> None:
    write_notebook(instance_server.work / "night.ipynb", "1 + 1")
    tab = open_tab(instance_server.address("lab/tree/night.ipynb"), ready=KERNEL_READY, script=DEAF)
    expect_kernel(tab.page, instance_server)
    type_text(tab.page, "# typed before the night")
    body = {"instance_id": simulator.instance_id, "source": "terminal"}
    status, problem = instance_server.ask("POST", "jupyter-notebook-stop/stop", body)
    assert status == 409
    assert problem["code"] == "silent_tabs"
    assert [document["path"] for document in problem["documents"]] == ["night.ipynb"]
    assert simulator.count("stop") == 0
    expect_nothing_open(tab.page)
    instance_server.fetch("POST", "jupyter-notebook-stop/stop", {**body, "silent": "ignore"})
    assert simulator.count("stop") == 1


def test_every_connection_of_a_page_is_counted(
    instance_server: Server, simulator: ThreadedSimulator, open_tab: OpenTab
) -> None:
    write_notebook(instance_server.work / "one.ipynb", "1 + 1")
    page = open_tab(instance_server.address("lab/tree/one.ipynb"), ready=KERNEL_READY).page
    expect_kernel(page, instance_server)
    page.locator(".jp-Notebook .cm-content").first.click(button="right")
    page.get_by_role("menuitem", name="New Console for Notebook").click()
    expect(page.locator(".jp-CodeConsole")).to_be_visible()
    expect_kernel(page, instance_server, 2)
    post = Post(instance_server, simulator.instance_id)
    while post.is_alive():
        page.wait_for_timeout(100)
    assert post.status == 202, post.answer
    (tab,) = view(instance_server)["attempt"]["tabs"]
    assert len(tab["kernels"]) == 2


def test_a_tab_whose_first_look_fails_saves_all_the_same(
    instance_server: Server, simulator: ThreadedSimulator, open_tab: OpenTab
) -> None:
    """A text file has no kernel, so nobody would miss this tab."""
    (instance_server.work / "doc.txt").write_text("as it was\n")
    tab = open_tab(instance_server.address("lab/tree/doc.txt"), ready=".jp-FileEditor .cm-content")
    type_text(tab.page, "typed before the blip")
    failed: list[str] = []

    def fail_once(route: Route) -> None:
        if failed:
            route.continue_()
        else:
            failed.append(route.request.url)
            route.fulfill(status=502, content_type="text/html", body="<h1>502 Bad Gateway</h1>")

    tab.page.route("**/jupyter-notebook-stop/instance?*", fail_once)
    post = Post(instance_server, simulator.instance_id)
    while post.is_alive():
        tab.page.wait_for_timeout(100)
    assert post.status == 202
    assert failed
    assert [each["state"] for each in view(instance_server)["attempt"]["tabs"]] == ["saved"]
    assert "typed before the blip" in (instance_server.work / "doc.txt").read_text()


def test_it_is_over_when_all_tabs_have_answered(patient_server: Server, open_tab: OpenTab) -> None:
    opened: list[Tab] = []
    for name in ("one", "two", "three"):
        context = opened[0].page.context if opened else None
        url = patient_server.address(f"lab/workspaces/{name}")
        opened.append(open_tab(url, ready=LAB, context=context, script=HIDDEN))
        wait_for(opened[-1].page, CONNECTED)
    stop_from_palette(opened[0].page)
    for tab in opened:
        expect_farewell(tab.page)
    assert [each["state"] for each in view(patient_server)["attempt"]["tabs"]] == ["saved"] * 3
