"""Installs what the tests need beyond this environment, the browser included, and runs them all.

Usage: python tests/run.py [options of pytest]
"""

from __future__ import annotations

import sys

import browser_finder
import environments
import pytest


def main() -> int:
    """Return pytest's exit code."""
    print("Browser:", browser_finder.find_or_install(), flush=True)
    environments.create()
    return pytest.main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
