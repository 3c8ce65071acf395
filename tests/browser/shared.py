"""A page for tests that leave their server running: they share it, as opening one takes longer than most of them."""

from __future__ import annotations

import pathlib
import shutil
from typing import Any

from playwright.sync_api import Page
from playwright.sync_api import TimeoutError as PageTimeoutError

from jupyter_notebook_stop.simulator import ThreadedSimulator
from jupyter_notebook_stop.simulator.settings import Settings

from ..conftest import instance_environment
from ..servers import Server
from .profiles import Profile, Profiles
from .schedules import SCHEDULE
from .tab import Tab

LEFT_OPEN = (
    ".jp-Dialog, .jp-NotebookStop-modal, .jp-NotebookStop-panel, .Toastify__toast, .lm-Menu, .jp-Document, .jp-Terminal"
)
"""What the next test would find in its way."""

CLOSING = 3_000
"""How long what is closed may be seen, in milliseconds, or else the page is closed as well."""

CLOSE_TOASTS = "() => document.querySelectorAll('.jp-Notification-Toast-Close').forEach(button => button.click())"

ROLL_CALL = 30
"""How long pages have to hear of a stop from elsewhere and to respond, in seconds: once all have, it goes on."""

USED_AGAIN = 1_000
"""For how long the server answers with what it has read, in milliseconds."""


class SharedLab:
    """JupyterLab inside the stand-in's instance, for one test after the other.

    A test may leave open what the Escape key closes, toasts, and a scheduled stop. The page of one that left more is
    closed; after one that failed the server is another as well.

    Parameters
    ----------
    profiles, simulator
        Its browser, and its cloud.
    root, port, arguments, environment
        As for `servers.Server`.
    options
        Those of its browser.
    """

    ready = ".jp-Launcher"

    def __init__(
        self,
        profiles: Profiles,
        simulator: ThreadedSimulator,
        root: pathlib.Path,
        *,
        port: int,
        arguments: tuple[str, ...] = (),
        environment: dict[str, str] | None = None,
        **options: Any,
    ) -> None:
        self.simulator = simulator
        self.server = Server(
            root,
            {**instance_environment(simulator), **(environment or {})},
            base_url=f"/{simulator.instance_id}/",
            port=port,
            arguments=(f"--NotebookStop.roll_call_timeout={ROLL_CALL}", *arguments),
            whole=False,
            forked=True,
        )
        self._profiles = profiles
        self._options = options
        self._profile: Profile | None = None
        self._tab: Tab | None = None

    @property
    def tab(self) -> Tab:
        """The tab, which is opened where there is none."""
        if not self._tab:
            # Or JupyterLab would open again what an earlier tab has left.
            shutil.rmtree(self.server.root / "config" / "lab" / "workspaces", ignore_errors=True)
            self._profile = self._profiles.take(**self._options)
            self._tab = Tab(self._profile.new_page())
            self._tab.page.goto(self.server.address("lab"))
            self._tab.page.wait_for_selector(self.ready)
        return self._tab

    @property
    def page(self) -> Page:
        return self.tab.page

    def leave(self, *, passed: bool) -> None:
        """Give the next test a cloud in which nothing has happened yet, and a page that shows nothing of ours."""
        simulator = self.simulator
        if not passed:
            self.close_tab()
            self.server.kill()
            self.server.start()
        simulator.faults.clear()
        vars(simulator.settings).update(vars(Settings()))
        simulator.instance = simulator.add_instance(simulator.instance_id)
        if self._tab and not (self._cancel(self._tab.page) and _is_tidied(self._tab.page)):
            self.close_tab()
        # Too late where it has come.
        self.server.ask("DELETE", SCHEDULE)
        simulator.requests.clear()

    def _cancel(self, page: Page) -> bool:
        """Cancel what is scheduled; return whether the page has heard of it."""
        page.context.set_offline(False)
        page.unroute_all()
        if not self.server.fetch("GET", SCHEDULE)["schedule"]:
            return True
        try:
            with page.expect_response(lambda response: SCHEDULE in response.url, timeout=10_000):
                self.server.ask("DELETE", SCHEDULE)
        except PageTimeoutError:
            return False
        return True

    def close_tab(self) -> None:
        if self._profile:
            self._profiles.give_back([self._profile])
        self._profile = self._tab = None

    def close(self) -> None:
        self.close_tab()
        self.server.kill()


def _is_tidied(page: Page) -> bool:
    """Close what is open; return whether nothing is."""
    page.evaluate(CLOSE_TOASTS)
    page.keyboard.press("Escape")
    page.wait_for_timeout(USED_AGAIN)
    try:
        page.wait_for_function("found => !document.querySelector(found)", arg=LEFT_OPEN, timeout=CLOSING)
    except PageTimeoutError:
        return False
    return True
