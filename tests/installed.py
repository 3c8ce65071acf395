"""What is really in the environments that environments.py makes."""

from __future__ import annotations

import json
import re
import subprocess

from .environments import MSGSPEC_PYTHONS, floors, interpreter

_INSTALLED = """
import importlib.metadata, json, platform, sys
found = {"python": platform.python_version()}
for name in sys.argv[1:]:
    try:
        found[name] = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        pass
print(json.dumps(found))
"""


def installed(name: str, *packages: str) -> dict[str, str]:
    """Return the versions that an environment really has, of its Python and of those packages that are there."""
    done = subprocess.run(
        # Apart from this folder, where another copy of a package may lie.
        [interpreter(name), "-I", "-c", _INSTALLED, *packages],
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(json.loads(done.stdout))


def off_floor(name: str) -> dict[str, str]:
    """Return what an environment has in another version than the lowest that is declared; nothing if it is in order."""
    lowest = floors()
    found = installed(name, *lowest)
    if not found["python"].startswith(tuple(f"{version}." for version in MSGSPEC_PYTHONS)):
        del lowest["msgspec"]
    return {each: found.get(each, "none") for each in lowest if _shortest(found.get(each)) != _shortest(lowest[each])}


def _shortest(version: str | None) -> str:
    return re.sub(r"(\.0)+$", "", version or "none")
