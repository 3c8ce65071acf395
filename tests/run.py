"""Installs what the tests need beyond this environment, the browser included, and runs them all.

Usage: python tests/run.py [options of pytest]
"""

from __future__ import annotations

import os
import sys

import browser_finder
import environments
import pytest

WORKERS = 2 * (os.cpu_count() or 1)
"""More than there are processors, because tests also wait: for a page, for a server to start or to stay silent."""


def main() -> int:
    """Return pytest's exit code."""
    print("Browser:", browser_finder.find_or_install(), flush=True)
    environments.create()
    return pytest.main(["-n", str(WORKERS), "--dist", "worksteal", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
