"""A terminal in JupyterLab, as a user has it open."""

from __future__ import annotations

import pathlib
import re
import sys
from typing import Any

from playwright.sync_api import Locator, Page, expect

from .conftest import OpenTab, Server, Tab
from .steps import LAB

PROMPT = f"PS1='$ ' PATH={pathlib.Path(sys.executable).parent}:$PATH; clear"


def open_terminal(server: Server, open_tab: OpenTab, name: str = "Terminal", **options: Any) -> tuple[Tab, Locator]:
    """Open a terminal from the launcher, where it has this name; return its tab, and the terminal."""
    # What a terminal shows is drawn on a canvas: only what a screen reader gets can be read here.
    settings = server.root / "config" / "lab" / "user-settings" / "@jupyterlab" / "terminal-extension"
    settings.mkdir(parents=True)
    (settings / "plugin.jupyterlab-settings").write_text(
        '{"screenReaderMode": true, "theme": "dark"}', encoding="utf-8"
    )
    tab = open_tab(server.address("lab"), ready=LAB, **options)
    # The side bar goes before a terminal has the keys: not every shell has a use for this one.
    tab.page.keyboard.press("Control+B")
    tab.page.locator(".jp-LauncherCard", has_text=name).click()
    terminal = tab.page.locator(".jp-Terminal")
    # Whichever shell it is, its prompt ends so.
    expect(rows(terminal)).to_contain_text(re.compile(r"[#$%>]"))
    terminal.click()
    type_command(tab.page, PROMPT)
    expect(rows(terminal)).not_to_contain_text("PS1")
    return tab, terminal


def rows(terminal: Locator) -> Locator:
    """Return what the terminal shows."""
    return terminal.locator(".xterm-accessibility-tree")


def type_command(page: Page, command: str) -> None:
    page.keyboard.type(command)
    page.keyboard.press("Enter")
