"""The question: it opens at once, says what is known, and gives way to what makes a stop impossible."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from jupyter_notebook_stop.policy.states import REFUSED_STATES
from jupyter_notebook_stop.simulator import ThreadedSimulator

from ..conftest import instance_environment
from ..held import Held
from ..waiting import LIMIT, until
from .conftest import OpenTab, Server, StartServer
from .shared import ROLL_CALL, SharedLab
from .steps import (
    LAB,
    OVERLAY,
    expect_farewell,
    expect_kernel,
    expect_nothing_open,
    expect_phase,
    failure,
    hold_saved,
    run_from_palette,
    stop_from_palette,
    type_text,
    write_notebook,
)
from .test_tabs import Post

PATIENT = {"read_timeout": 600, "total_timeout": 600}
"""Settings of a server before a cloud that is as slow as the test."""


def wait_for_status(server: Server, status: str) -> None:
    """Wait until the server reads a status: what it has read is used again for a second."""
    until(lambda: server.view()["status"] == status, pause=0.2)


def question(page: Page) -> Locator:
    return page.locator(".jp-Dialog", has=page.locator("[data-view=confirmation]"))


def test_a_state_that_cannot_be_stopped_is_told_before_the_question(lab: SharedLab) -> None:
    tab = lab.tab
    for status in REFUSED_STATES:
        lab.simulator.instance.extra = {"status": status}
        wait_for_status(lab.server, status)
        run_from_palette(tab.page)
        dialog = failure(tab.page)
        expect(dialog).to_contain_text("This instance cannot be stopped")
        reason, remedy = map(str, REFUSED_STATES[status])
        expect(dialog).to_contain_text(f"The instance is {status} and cannot be stopped: {reason}.")
        expect(dialog).to_contain_text(remedy)
        expect(dialog.get_by_role("button", name="Save all and stop")).to_have_count(0)
        if status == "STARTING":
            tab.screenshot("cannot-be-stopped")
        dialog.get_by_role("button", name="Close").click()
        expect_nothing_open(tab.page)
    assert lab.simulator.count("stop") == 0


def test_the_status_is_part_of_the_question(lab: SharedLab) -> None:
    page = lab.page
    lab.simulator.instance.status = "RESTORING"
    wait_for_status(lab.server, "RESTORING")
    run_from_palette(page)
    expect(question(page).locator("[data-part=status]")).to_have_text("RESTORING")
    expect(question(page).get_by_role("button", name="Save all and stop")).to_be_enabled()


def test_the_auto_stop_is_no_news_while_the_instance_is_stopping(lab: SharedLab) -> None:
    page = lab.page
    for status, times in (("RUNNING", 1), ("STOPPING", 0)):
        lab.simulator.instance.extra = {"status": status}
        wait_for_status(lab.server, status)
        run_from_palette(page)
        expect(question(page).locator("[data-part=status]")).to_have_text(status)
        expect(question(page).locator("[data-part=lease]")).to_have_count(times)
        question(page).locator(".jp-Dialog-footer .jp-mod-reject").click()
        expect_nothing_open(page)


@pytest.mark.parametrize("instance_server", [PATIENT], indirect=True, ids=["patient"])
def test_a_slow_cloud_does_not_keep_the_question_closed(
    instance_server: Server, simulator: ThreadedSimulator, open_tab: OpenTab
) -> None:
    # The status bar reads it as well.
    slow = Held()
    rule = simulator.faults.add("show", slow, times=None)
    instance_server.fetch("POST", "api/terminals", {})
    (instance_server.work / "one.txt").write_text("one\n")
    tab = open_tab(instance_server.address("lab/tree/one.txt"), ready=".cm-content")
    page = tab.page
    type_text(page, "typed")
    run_from_palette(page)
    save = question(page).get_by_role("button", name="Save all and stop")
    anyway = question(page).get_by_role("button", name="Stop without saving")
    cancel = question(page).locator(".jp-Dialog-footer .jp-mod-reject")
    # What is known is shown before the cloud answers.
    expect(question(page)).to_contain_text("Terminal 1 is open")
    expect(question(page)).to_contain_text("Unsaved in this tab: one.txt.")
    expect(question(page)).to_contain_text("Reading the state of the instance")
    expect(question(page)).to_contain_text(simulator.instance_id)
    # Nothing is said of what the cloud has never told.
    expect(question(page).locator("dl")).to_have_count(0)
    expect(save).to_be_disabled()
    expect(anyway).to_be_disabled()
    expect(cancel).to_be_focused()
    tab.screenshot("question-before-the-cloud-answers")
    # It can be left, and asked again.
    page.keyboard.press("Enter")
    expect_nothing_open(page)
    run_from_palette(page)
    expect(question(page)).to_be_visible()
    expect(save).to_be_disabled()
    # A second command does not ask twice, while the state is read and after.
    page.keyboard.press("Control+Shift+C")
    expect(page.locator(".jp-Dialog")).to_have_count(1)
    simulator.faults.remove(rule)
    slow.released.set()
    expect(question(page).locator("[data-part=status]")).to_have_text("RUNNING")
    expect(save).to_be_enabled()
    expect(page.locator(".jp-Dialog")).to_have_count(1)
    expect(question(page)).to_contain_text("What stops")
    expect(question(page)).to_contain_text("Terminal 1 is open")
    cancel.click()

    # What was just read is used again for a second.
    page.wait_for_timeout(1_500)
    # By now the cloud has described it once.
    slow = Held()
    simulator.faults.add("show", slow, times=None)
    run_from_palette(page)
    expect(question(page)).to_contain_text("Files under /home/ma-user/work/.")
    expect(question(page).locator("[data-part=status]")).to_have_count(0)
    expect(anyway).to_be_disabled()
    tab.screenshot("question-before-the-cloud-answers-again")
    slow.released.set()
    expect(save).to_be_enabled()
    save.click()
    expect_phase(page, "accepted")
    simulator.instance.status = "STOPPED"
    expect_farewell(page)


def test_what_runs_stands_first_and_in_view(
    instance_server: Server, simulator: ThreadedSimulator, open_tab: OpenTab
) -> None:
    instance_server.fetch("POST", "api/terminals", {})
    write_notebook(instance_server.work / "busy.ipynb", "import time; time.sleep(600)")
    tab = open_tab(instance_server.address("lab/tree/busy.ipynb"), ready=".jp-Notebook .cm-content")
    expect_kernel(tab.page, instance_server)
    tab.page.locator(".jp-Notebook .cm-content").first.click()
    tab.page.keyboard.press("Control+Enter")
    until(lambda: instance_server.view()["at_risk"]["kernels"], pause=0.2)
    tab.page.set_viewport_size({"width": 480, "height": 640})
    run_from_palette(tab.page)
    risk = question(tab.page).locator("[data-part=risk]")
    expect(risk).to_be_in_viewport(ratio=1)
    expect(risk.locator("li")).to_contain_text(["busy.ipynb has been busy since", "Terminal 1 is open"])
    parts = question(tab.page).locator("[data-part=risk], .jp-NotebookStop-parts")
    expect(parts.first).to_have_attribute("data-part", "risk")
    tab.screenshot("question-with-risks-480")


def test_the_mounted_folder_is_named_only_where_it_was_read(lab: SharedLab) -> None:
    page = lab.page
    lab.simulator.instance.extra = {"volume": None}
    until(lambda: lab.server.view()["mount_path"] is None, pause=0.2)
    run_from_palette(page)
    expect(question(page).locator("[data-part=stays]")).to_contain_text("Files on the persistent storage")
    expect(question(page)).not_to_contain_text("/home/ma-user/work")


def test_offline_at_the_click(lab: SharedLab) -> None:
    page, before = lab.page, lab.server.view()["attempt"]
    # JupyterLab may find out by itself, and a question waits while another dialog is open.
    lost = page.locator(".jp-Dialog", has_text="Server Connection Error")
    page.add_locator_handler(lost, lambda dialog: dialog.get_by_role("button", name="Close").click())
    page.context.set_offline(True)
    run_from_palette(page)
    expect(failure(page)).to_contain_text("The network is down. No stop was requested.")
    failure(page).get_by_role("button", name="Close").click()
    page.context.set_offline(False)

    run_from_palette(page)
    expect(question(page).get_by_role("button", name="Save all and stop")).to_be_enabled()
    page.context.set_offline(True)
    question(page).get_by_role("button", name="Save all and stop").click()
    expect(failure(page)).to_contain_text("The network is down. No stop was requested.")
    assert lab.simulator.count("stop") == 0
    assert lab.server.view()["attempt"] == before
    page.remove_locator_handler(lost)


def test_a_missing_permission_begins_with_what_to_do(lab: SharedLab) -> None:
    lab.simulator.settings.deny("stop")
    tab = lab.tab
    stop_from_palette(tab.page, "Stop without saving")
    first = failure(tab.page).locator("[data-view=failure] > p").first
    expect(first).to_contain_text("modelarts:notebook:stop")


def test_a_missing_permission_to_read_begins_with_what_to_do_too(lab: SharedLab) -> None:
    lab.simulator.settings.deny("show")
    tab = lab.tab
    run_from_palette(tab.page)
    note = question(tab.page).locator("[data-part=error]")
    expect(note).to_contain_text("modelarts:notebook:get")
    expect(note).to_have_text(re.compile("^(?!Could not read).*Could not read the state of the instance: "))
    tab.screenshot("question-without-permission-to-read")
    expect(question(tab.page).get_by_role("button", name="Save all and stop")).to_be_enabled()


def test_progress_waits_behind_no_dialog(
    instance_server: Server, simulator: ThreadedSimulator, open_tab: OpenTab
) -> None:
    """The kernel's question is open when a stop from elsewhere begins: it is seen, and can be cancelled."""
    path = instance_server.work / "nokernel.ipynb"
    path.write_text(json.dumps({"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    tab = open_tab(instance_server.address("lab/tree/nokernel.ipynb"), ready=".jp-Dialog")
    page = tab.page
    expect(page.locator(".jp-Dialog")).to_contain_text("Select Kernel")
    hold_saved(page)
    page.evaluate(
        """([url, token, id]) => void fetch(url + 'jupyter-notebook-stop/stop', {method: 'POST', headers: {
            'Authorization': 'token ' + token, 'Content-Type': 'application/json'},
            body: JSON.stringify({instance_id: id, source: 'terminal'})})""",
        [instance_server.url, instance_server.token, simulator.instance_id],
    )
    expect_phase(page, "saving")
    tab.screenshot("above-select-kernel")
    cancel = page.get_by_role("button", name="Cancel the stop")
    # A click only arrives where nothing is in the way.
    cancel.click()
    expect(page.locator(OVERLAY)).to_have_count(0)
    expect(page.locator(".jp-Dialog")).to_contain_text("Select Kernel")
    assert simulator.count("stop") == 0
    page.locator(".jp-Dialog").get_by_role("button", name="No Kernel").click()
    expect(page.locator(".jp-Dialog")).to_have_count(0)


def test_an_application_that_cannot_save_offers_no_saving(
    start_server: StartServer, simulator: ThreadedSimulator, open_tab: OpenTab
) -> None:
    arguments = ["--LabApp.expose_app_in_browser=True", f"--NotebookStop.roll_call_timeout={ROLL_CALL}"]
    server = start_server(instance_environment(simulator), base_url=f"/{simulator.instance_id}/", arguments=arguments)
    disabled = {"disabledExtensions": {"@jupyterlab/docmanager-extension:manager": True}}
    (server.root / "config" / "labconfig" / "page_config.json").write_text(json.dumps(disabled))
    tab = open_tab(server.address("lab"), ready="#jp-main-dock-panel")
    page = tab.page
    page.wait_for_function("window.jupyterapp?.commands.hasCommand('jupyter-notebook-stop:stop')")
    page.evaluate("void window.jupyterapp.commands.execute('jupyter-notebook-stop:stop')")
    expect(question(page).get_by_role("button", name="Stop without saving")).to_be_enabled()
    expect(question(page).get_by_role("button", name="Save all and stop")).to_have_count(0)
    expect(question(page)).to_contain_text("cannot be saved from here")
    tab.screenshot("no-document-manager")
    question(page).locator(".jp-Dialog-footer .jp-mod-reject").click()
    expect_nothing_open(page)

    # What it holds would be lost in a stop from elsewhere, too: who asks is told.
    post = Post(server, simulator.instance_id)
    expect(page.locator(".Toastify__toast")).to_contain_text("cannot be saved")
    post.join(LIMIT)
    assert post.status == 409
    assert "no document manager" in post.answer
    assert simulator.count("stop") == 0


def test_who_stops_it(
    instance_server: Server, simulator: ThreadedSimulator, open_tab: OpenTab, browser: Browser
) -> None:
    (instance_server.work / "one.txt").write_text("one\n")
    first = open_tab(instance_server.address("lab"), ready=LAB)
    mine = open_tab(instance_server.address("lab/tree/one.txt"), ready=".cm-content", context=first.page.context)
    path = "location.pathname.split('/lab')[0] + '/api/me'"
    me = first.page.evaluate(f"fetch({path}).then(response => response.json()).then(me => me.identity)")

    def take_the_name(route: Route) -> None:
        answer = route.fetch().json()
        assert answer["identity"]["username"] != me["username"]
        answer["identity"]["display_name"] = me["display_name"]
        route.fulfill(json=answer)

    # Another browser is another user. Jupyter makes up names from so few that two people can have the same.
    with browser.new_context() as context:
        context.route("**/api/me*", take_the_name)
        theirs = open_tab(instance_server.address("lab"), ready=LAB, context=context)
        type_text(mine.page, "typed")
        stop_from_palette(first.page)
        expect(mine.page.locator(OVERLAY)).to_contain_text("You are stopping this instance from another tab.")
        expect(theirs.page.locator(OVERLAY)).to_contain_text("This instance is being stopped from another tab.")
        expect(theirs.page.locator(OVERLAY)).not_to_contain_text("Anonymous")
