"""Finds a Chromium for the browser tests, or gets one: an installed one, else Playwright's, else Debian's."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import sys

NAMES = (
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "msedge",
)
PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Google\Chrome\Application\chrome.exe",
)


def installed() -> str | None:
    """Return the path of an installed Chromium or Chrome."""
    for name in NAMES:
        path = shutil.which(name)
        if path:
            return path
    return next((place for place in PLACES if os.path.exists(place)), None)


def playwright_own() -> str | None:
    """Return the path of the Chromium that Playwright has downloaded, if it has."""
    code = (
        "from playwright.sync_api import sync_playwright\n"
        "with sync_playwright() as p: print(p.chromium.executable_path)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    path = done.stdout.strip()
    return path if path and pathlib.Path(path).exists() else None


def find() -> str | None:
    """Return the path of a browser that is there already."""
    return installed() or playwright_own()


def _runs(*command: str) -> bool:
    print("$", *command, flush=True)
    try:
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        done = subprocess.run(command, stdin=subprocess.DEVNULL, env=quiet, timeout=600, check=False)
        return done.returncode == 0
    except (OSError, subprocess.TimeoutExpired) as error:
        print(error, flush=True)
        return False


def find_or_install() -> str:
    """Return the path of a browser, installed now if need be.

    Raises
    ------
    SystemExit
        When none can be had: the browser tests are not optional.
    """
    found = find()
    if found:
        return found
    print("No Chromium or Chrome is installed; trying Playwright's download.", flush=True)
    if _runs(sys.executable, "-m", "playwright", "install", "chromium"):
        found = find()
        if found:
            return found
    apt = shutil.which("apt-get")
    if apt:
        print("That failed; trying Debian's package.", flush=True)
        sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
        # A page costs a quarter less in the headless shell; not every Debian has it in a package of its own.
        install = (*sudo, apt, "install", "-y", "-qq")
        if _runs(*sudo, apt, "update", "-qq") and (
            _runs(*install, "chromium-headless-shell") or _runs(*install, "chromium")
        ):
            found = find()
            if found:
                return found
    sys.exit("No browser: install Chromium or Chrome, then run this again.")
