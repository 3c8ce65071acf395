"""Every view of ours, in each theme, in forced colours and at 400 % zoom, in one page of one server."""

from __future__ import annotations

import datetime
from typing import Iterator

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from jupyter_notebook_stop.simulator import ThreadedSimulator

from ..conftest import instance_environment
from ..waiting import until
from .accessibility import USUAL, focus_is_seen, looks, tab_to, unreachable, violations
from .conftest import ARTIFACTS, OpenTab, Server
from .profiles import new_context
from .steps import (
    LAB,
    TREE,
    expect_farewell,
    expect_kernel,
    expect_nothing_open,
    expect_phase,
    failure,
    run_from_palette,
    write_notebook,
)

SCHEDULE = "jupyter-notebook-stop/schedule"
DIALOG = ".jp-NotebookStop.jp-Dialog"
CARD = ".jp-NotebookStop-modal"
PANEL = ".jp-NotebookStop-panel"
TOAST = ".Toastify__toast"

# What a screen reader would say while nothing changes but the clock.
OBSERVE = """() => {
    window.said = [];
    const live = '[aria-live]:not([aria-live=off]), [role=status], [role=alert]';
    new MutationObserver(changes => changes.forEach(({ target }) => {
        const element = target.nodeType === 1 ? target : target.parentElement;
        if (element?.closest(live)) {
            window.said.push(element.textContent);
        }
    })).observe(document.querySelector('.jp-NotebookStop-modal'), {
        subtree: true, childList: true, characterData: true
    });
}"""

MOVING = "document.querySelector('.jp-NotebookStop-modal').getAnimations({ subtree: true }).length"


@pytest.fixture(scope="module")
def cloud() -> Iterator[ThreadedSimulator]:
    with ThreadedSimulator(step_seconds=0.05) as running:
        yield running


@pytest.fixture(scope="module")
def server(cloud: ThreadedSimulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    arguments = ["--NotebookStop.schedule_countdown=600", "--NotebookStop.save_timeout=600"]
    running = Server(tmp_path_factory.mktemp("server"), instance_environment(cloud), arguments=arguments, forked=True)
    yield running
    running.kill()


@pytest.fixture(scope="module")
def lab(server: Server, browser: Browser) -> Iterator[Page]:
    """A page that all tests of this file use, one after the other. Each leaves it as it was."""
    context = new_context(browser, reduced_motion="no-preference")
    page = context.new_page()
    page.goto(server.address("lab"))
    page.wait_for_selector(LAB)
    yield page
    context.close()


class Checks:
    """What is found in the views of a test. It is told in the end, when they are closed again."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.found: list[str] = []

    def __call__(self, name: str, selector: str, *, zoom: bool = True) -> None:
        """Check a view that is open: in each look, zoomed in, and from right to left."""
        page = self.page
        ARTIFACTS.mkdir(exist_ok=True)
        for look in looks(page):
            self.found += [f"{name}, {look}: {each}" for each in violations(page, selector)]
            page.screenshot(path=ARTIFACTS / f"a11y-{name}-{look}.png")
        for direction in ("rtl", "ltr") if zoom else ():
            page.evaluate("direction => { document.documentElement.dir = direction; }", direction)
            self.found += [f"{name}, {direction}: {each}" for each in unreachable(page, selector)]
            page.screenshot(path=ARTIFACTS / f"a11y-{name}-{direction}-zoomed.png")
            page.set_viewport_size(USUAL)
            if direction == "rtl":
                page.screenshot(path=ARTIFACTS / f"a11y-{name}-rtl.png")


@pytest.fixture
def check(lab: Page) -> Checks:
    return Checks(lab)


def test_what_is_wrong_is_found(lab: Page) -> None:
    style = "position: fixed; top: 0; z-index: 30000; width: 400px; color: #999; background: #aaa"
    bad = f"<div class='bad' style='{style}'><button></button>grey</div>"
    lab.evaluate("html => document.body.insertAdjacentHTML('beforeend', html)", bad)
    found = "\n".join(violations(lab, ".bad"))
    too_wide = unreachable(lab, ".bad")
    lab.set_viewport_size(USUAL)
    lab.evaluate("document.querySelector('.bad').remove()")
    assert "button-name" in found
    assert "color-contrast" in found
    assert "DIV bad" in too_wide[0]


def test_the_question(lab: Page, check: Checks) -> None:
    run_from_palette(lab)
    expect(lab.get_by_role("button", name="Save all and stop")).to_be_enabled()
    check("question", DIALOG)
    lab.keyboard.press("Escape")
    expect_nothing_open(lab)
    # The palette keeps the focus for nobody: the document that the user works in gets it.
    assert lab.evaluate("document.activeElement.closest('.jp-Launcher') !== null")
    assert not check.found, "\n".join(check.found)


def test_a_failure(lab: Page, cloud: ThreadedSimulator, check: Checks) -> None:
    cloud.settings.deny("stop")
    run_from_palette(lab)
    lab.get_by_role("button", name="Stop without saving").click()
    failure(lab)
    check("failure", DIALOG)
    lab.keyboard.press("Escape")
    expect_nothing_open(lab)
    cloud.settings.allow("stop")
    assert not check.found, "\n".join(check.found)


@pytest.mark.parametrize("command", ["stop-when-idle", "stop-at"])
def test_a_form(lab: Page, check: Checks, command: str) -> None:
    run_from_palette(lab, command)
    check(command, DIALOG)
    lab.keyboard.press("Escape")
    expect_nothing_open(lab)
    assert not check.found, "\n".join(check.found)


def test_the_panel_and_all_that_it_opens_by_keyboard(lab: Page, check: Checks) -> None:
    status = lab.locator(".jp-NotebookStop-status")
    expect(status).to_be_visible()
    check("status", ".jp-NotebookStop-status", zoom=False)
    status.focus()
    lab.keyboard.press("Enter")
    expect(lab.get_by_role("dialog", name="This instance")).to_contain_text("Flavor")
    check("panel", PANEL)
    for button, title in (
        ("Stop…", "Stop this instance?"),
        ("When idle…", "Stop this instance when idle"),
        ("Extend auto-stop…", "Extend ModelArts auto-stop"),
    ):
        if not lab.locator(PANEL).count():
            lab.keyboard.press("Enter")
            expect(lab.locator(PANEL)).to_be_visible()
        tab_to(lab, button)
        lab.keyboard.press("Enter")
        expect(lab.get_by_role("dialog", name=title)).to_be_visible()
        if button.startswith("Extend"):
            check("extend", DIALOG)
        tab_to(lab, "Cancel")
        lab.keyboard.press("Enter")
        expect(status).to_be_focused()
        assert focus_is_seen(lab)
    assert not check.found, "\n".join(check.found)


def test_what_the_panel_reads_later_leaves_its_buttons_alone(lab: Page) -> None:
    held: list[Route] = []
    instance = "**/jupyter-notebook-stop/instance*"
    lab.route(instance, lambda route: held.append(route))
    status = lab.locator(".jp-NotebookStop-status")
    with lab.expect_request(instance):
        status.press("Enter")
    panel = lab.locator(PANEL)
    tab_to(lab, "Stop…")
    for route in held:
        response = route.fetch()
        route.fulfill(response=response, json={**response.json(), "name": "renamed-meanwhile"})
    lab.unroute(instance)
    expect(panel).to_contain_text("renamed-meanwhile")
    focused = lab.locator(":focus").inner_text()
    panel.press("Escape")
    assert focused == "Stop…"


def test_the_panel_is_there_once(lab: Page) -> None:
    status = lab.locator(".jp-NotebookStop-status")
    for _ in range(2):
        status.press("Enter")
        expect(lab.locator(PANEL)).to_have_count(1)
        expect(lab.locator(PANEL)).to_be_focused()
    lab.keyboard.press("Escape")
    expect(lab.locator(PANEL)).to_have_count(0)
    expect(status).to_be_focused()


def test_the_panel_stays_in_a_page_that_becomes_narrow(lab: Page) -> None:
    status = lab.locator(".jp-NotebookStop-status")
    # As other extensions push it to the right.
    status.evaluate("node => { node.style.marginLeft = '600px'; }")
    status.press("Enter")
    panel = lab.locator(PANEL)
    expect(panel).to_be_visible()
    too_wide = unreachable(lab, PANEL)
    lab.set_viewport_size(USUAL)
    panel.press("Escape")
    expect(panel).to_be_hidden()
    status.evaluate("node => { node.style.marginLeft = ''; }")
    assert not too_wide


def test_a_notice(lab: Page, check: Checks) -> None:
    run_from_palette(lab, "stop-at")
    lab.locator(DIALOG).get_by_role("button", name="Schedule the stop").click()
    expect(lab.locator(TOAST)).to_be_visible()
    lab.locator(TOAST).hover()
    # Where it lies is JupyterLab's choice.
    check("notice", TOAST, zoom=False)
    lab.locator(TOAST).click()
    assert not check.found, "\n".join(check.found)


def test_the_cards_of_a_cell(server: Server, open_tab: OpenTab) -> None:
    sources = ["from jupyter_notebook_stop import status, stop\nstatus()", "stop(dry_run=True)"]
    write_notebook(server.work / "cards.ipynb", *sources)
    page = open_tab(server.address("lab/workspaces/cards/tree/cards.ipynb"), ready=".jp-Notebook .jp-CodeCell").page
    expect_kernel(page, server)
    page.locator(".jp-CodeCell .cm-content").first.click()
    for _ in sources:
        page.keyboard.press("Shift+Enter")
    outputs = page.locator(".jp-RenderedHTML")
    expect(outputs).to_have_count(2)
    checks = Checks(page)
    checks("cards", ".jp-RenderedHTML", zoom=False)
    assert not checks.found, "\n".join(checks.found)


def test_notebook_7(server: Server, open_tab: OpenTab) -> None:
    page = open_tab(server.address("tree"), ready=TREE).page
    run_from_palette(page)
    expect(page.get_by_role("button", name="Save all and stop")).to_be_enabled()
    checks = Checks(page)
    checks("notebook-question", DIALOG)
    tab_to(page, "Cancel")
    page.keyboard.press("Enter")
    expect_nothing_open(page)
    assert not checks.found, "\n".join(checks.found)


def test_a_countdown(lab: Page, server: Server, cloud: ThreadedSimulator, check: Checks) -> None:
    at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=0.5)
    server.fetch("PUT", SCHEDULE, {"instance_id": cloud.instance_id, "when": "at", "at": at.isoformat()})
    expect(lab.locator("[data-view=countdown]")).to_be_visible()
    check("countdown", CARD)
    lab.locator(CARD).get_by_role("button", name="Cancel").click()
    expect_nothing_open(lab)
    assert not check.found, "\n".join(check.found)


def palette_has_focus(page: Page) -> bool:
    """Open the palette; JupyterLab closes it when the focus moves, as it does while a page is still settling."""
    page.keyboard.press("Control+Shift+C")
    field = page.locator(".lm-CommandPalette-input")
    return bool(field.evaluate("node => new Promise(done => setTimeout(() => done(node.matches(':focus')), 200))"))


def test_a_stop_by_keyboard(lab: Page, server: Server, cloud: ThreadedSimulator, check: Checks) -> None:
    cloud.instance.step_seconds = 600
    held: list[Route] = []

    def hold(route: Route) -> None:
        # Saving takes as long as this test looks at it.
        if '"saved"' in (route.request.post_data or ""):
            held.append(route)
        else:
            route.continue_()

    lab.route("**/jupyter-notebook-stop/stop/*/tabs/*", hold)
    until(lambda: palette_has_focus(lab), pause=0.5)
    lab.keyboard.type("Stop this instance")
    expect(lab.locator(".lm-CommandPalette-item.lm-mod-active")).to_contain_text("Stop this instance")
    lab.keyboard.press("Enter")
    expect(lab.get_by_role("button", name="Save all and stop")).to_be_enabled()
    tab_to(lab, "Save all and stop")
    lab.keyboard.press("Enter")
    expect_phase(lab, "saving")
    expect(lab.get_by_role("dialog", name="Stopping this instance")).to_be_focused()
    assert focus_is_seen(lab)
    expect(lab.get_by_role("button", name="Cancel the stop")).to_be_visible()
    check("saving", CARD)
    stages = lab.locator(".jp-NotebookStop-stages li")
    marks = "node => getComputedStyle(node, '::before').content"
    until(lambda: len({stage.evaluate(marks) for stage in stages.all()}) == 2)
    tab_to(lab, "Cancel the stop")
    (report,) = held
    server.fetch("PUT", report.request.url.removeprefix(server.url), {"state": "saved"})
    report.abort()
    expect_phase(lab, "accepted")
    # The button is gone, and the focus is not.
    expect(lab.get_by_role("dialog", name="Stopping this instance")).to_be_focused()
    expect(lab.locator(".jp-NotebookStop-steps li")).to_have_count(4)
    check("accepted", CARD)
    lab.evaluate(OBSERVE)
    clock = lab.locator("[data-part=facts]")
    for _ in range(2):
        expect(clock).not_to_have_text(clock.inner_text())
    assert lab.evaluate("window.said") == []
    assert lab.evaluate(MOVING) > 0
    lab.emulate_media(reduced_motion="reduce")
    assert lab.evaluate(MOVING) == 0
    server.kill()
    expect_farewell(lab)
    expect(lab.locator(":focus")).to_have_text("The stop was accepted")
    assert focus_is_seen(lab)
    check("farewell", CARD)
    tab_to(lab, "Open the ModelArts console")
    tab_to(lab, "Reload")
    assert not check.found, "\n".join(check.found)
