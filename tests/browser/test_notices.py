"""What other tabs are told: the document, the reason, and nothing that no longer holds."""

from __future__ import annotations

import json
import threading

from playwright.sync_api import Route, expect

from jupyter_notebook_stop.simulator import ThreadedSimulator

from ..waiting import LIMIT
from .conftest import OpenTab, Server, Tab
from .steps import expect_nothing_open, expect_phase, failure, stop_from_palette, type_text

TOAST = ".Toastify__toast"


def refuse_saving(tab: Tab, name: str) -> None:
    def handle(route: Route) -> None:
        if route.request.method == "PUT":
            route.fulfill(status=500, content_type="application/json", body='{"message": "the disk is full"}')
        else:
            route.continue_()

    tab.page.route(f"**/api/contents/{name}*", handle)


def open_tabs(server: Server, open_tab: OpenTab, *names: str) -> list[Tab]:
    """Open tabs of a browser, each with a document in which something was typed."""
    tabs: list[Tab] = []
    for name in names:
        (server.work / name).write_text("as it was\n")
        # A workspace of its own: another tab's documents would be opened here too.
        path = f"lab/workspaces/{name.partition('.')[0]}/tree/{name}"
        context = tabs[0].page.context if tabs else None
        tab = open_tab(server.address(path), ready=".jp-FileEditor .cm-content", context=context)
        type_text(tab.page, f"typed in {name}")
        tabs.append(tab)
    return tabs


def test_every_tab_is_told_the_document_and_the_reason_until_a_new_stop_begins(
    instance_server: Server, simulator: ThreadedSimulator, open_tab: OpenTab
) -> None:
    one, two, three = open_tabs(instance_server, open_tab, "one.txt", "two.txt", "three.txt")
    refuse_saving(three, "three.txt")
    stop_from_palette(one.page)
    expect(failure(one.page)).to_contain_text("three.txt")
    for tab in (two, three):
        toast = tab.page.locator(TOAST, has_text="three.txt")
        expect(toast).to_contain_text("the disk is full")
        expect(toast).to_contain_text("The stop was cancelled")
        tab.page.wait_for_load_state()
    three.screenshot("told-the-document")
    assert simulator.count("stop") == 0

    three.page.unroute("**/api/contents/three.txt*")
    body = {"instance_id": simulator.instance_id, "source": "terminal"}
    post = threading.Thread(target=instance_server.ask, args=("POST", "jupyter-notebook-stop/stop", body), daemon=True)
    post.start()
    for tab in (one, two, three):
        expect_phase(tab.page, "accepted")
        expect(tab.page.locator(TOAST)).to_have_count(0)
        expect(tab.page.locator(".jp-Dialog", has_text="three.txt")).to_have_count(0)
    post.join(LIMIT)
    assert not post.is_alive()


def test_silent_tabs_are_named_and_can_be_overruled(
    instance_server: Server, simulator: ThreadedSimulator, open_tab: OpenTab
) -> None:
    """What the server refuses because tabs did not respond can be asked for again, in spite of them."""
    (tab,) = open_tabs(instance_server, open_tab, "one.txt")
    bodies: list[dict[str, str]] = []

    def refuse(route: Route) -> None:
        bodies.append(json.loads(route.request.post_data or "{}"))
        if "silent" in bodies[-1]:
            route.continue_(post_data=json.dumps({k: v for k, v in bodies[-1].items() if k != "silent"}))
            return
        problem = {
            "code": "silent_tabs",
            "message": "Nothing was stopped: 1 notebook is open in a page that did not respond.",
            "remedy": "Look at that page, or stop anyway: what is not saved there is lost.",
            "documents": [{"path": "far/away.ipynb", "reason": "its page did not respond"}],
        }
        route.fulfill(status=409, content_type="application/json", body=json.dumps(problem))

    tab.page.route("**/jupyter-notebook-stop/stop?*", refuse)
    stop_from_palette(tab.page)
    expect(failure(tab.page)).to_contain_text("far/away.ipynb")
    tab.screenshot("silent-tabs")
    failure(tab.page).get_by_role("button", name="Close").click()
    expect_nothing_open(tab.page)
    assert simulator.count("stop") == 0

    stop_from_palette(tab.page)
    failure(tab.page).get_by_role("button", name="Stop anyway").click()
    expect_phase(tab.page, "accepted")
    assert [body.get("silent") for body in bodies] == [None, None, "ignore"]
    assert len({body["attempt"] for body in bodies}) == 3
    assert simulator.count("stop") == 1
