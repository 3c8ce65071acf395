"""What tests of scheduled stops have in common."""

from __future__ import annotations

import datetime
from typing import Any

from playwright.sync_api import Locator, Page

from jupyter_notebook_stop.simulator import ThreadedSimulator

from ..servers import Server

COUNTDOWN = "[data-view=countdown]"
TOAST = ".Toastify__toast"
SCHEDULE = "jupyter-notebook-stop/schedule"
TRAINING = "import os, time\nwhile not os.path.exists('done'):\n    time.sleep(0.1)\nprint('trained')"


def schedule_at(server: Server, simulator: ThreadedSimulator, seconds: float = 0.5) -> None:
    at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    server.fetch("PUT", SCHEDULE, {"instance_id": simulator.instance_id, "when": "at", "at": at.isoformat()})


def schedule_when_idle(server: Server, simulator: ThreadedSimulator, grace: float) -> None:
    server.fetch("PUT", SCHEDULE, {"instance_id": simulator.instance_id, "when": "idle", "grace": grace})


def scheduled(server: Server) -> Any:
    return server.fetch("GET", SCHEDULE)["schedule"]


def dialog(page: Page, name: str) -> Locator:
    return page.locator(".jp-Dialog", has=page.locator(f"[data-view={name}]"))


def accept(page: Page, name: str) -> None:
    dialog(page, name).locator(".jp-mod-accept").click()


def status(page: Page) -> Locator:
    return page.locator(".jp-NotebookStop-status")
