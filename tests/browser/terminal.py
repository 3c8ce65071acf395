"""A terminal in JupyterLab, as a user has it open."""

from __future__ import annotations

import pathlib
import re
import sys

from playwright.sync_api import Locator, Page, expect

from .conftest import Server, Tab
from .steps import LAB

PROMPT = f"PS1='$ ' PATH={pathlib.Path(sys.executable).parent}:$PATH; clear"


def make_readable(server: Server) -> None:
    """Have the terminals of pages that are opened from now on tell what they show.

    They draw it on a canvas: only what a screen reader gets can be read here.
    """
    settings = server.root / "config" / "lab" / "user-settings" / "@jupyterlab" / "terminal-extension"
    settings.mkdir(parents=True)
    (settings / "plugin.jupyterlab-settings").write_text(
        '{"screenReaderMode": true, "theme": "dark"}', encoding="utf-8"
    )


def open_terminal(tab: Tab, name: str = "Terminal") -> Locator:
    """Open a terminal from the launcher, where it has this name; return it."""
    # The side bar goes before a terminal has the keys: not every shell has a use for this one.
    tab.page.keyboard.press("Control+B")
    tab.page.locator(".jp-LauncherCard", has_text=name).click()
    terminal = tab.page.locator(".jp-Terminal")
    # Whichever shell it is, its prompt ends so.
    expect(rows(terminal)).to_contain_text(re.compile(r"[#$%>]"))
    terminal.click()
    type_command(tab.page, PROMPT)
    expect(rows(terminal)).not_to_contain_text("PS1")
    return terminal


def close_terminal(tab: Tab, server: Server) -> None:
    """End the only terminal, and leave the page as it was before."""
    (terminal,) = server.fetch("GET", "api/terminals")
    server.fetch("DELETE", f"api/terminals/{terminal['name']}")
    expect(tab.page.locator(".jp-Terminal")).to_have_count(0)
    expect(tab.page.locator(LAB)).to_be_visible()
    tab.page.keyboard.press("Control+B")
    expect(tab.page.locator(".jp-FileBrowser")).to_be_visible()


def rows(terminal: Locator) -> Locator:
    """Return what the terminal shows."""
    return terminal.locator(".xterm-accessibility-tree")


def type_command(page: Page, command: str) -> None:
    page.keyboard.type(command)
    page.keyboard.press("Enter")
