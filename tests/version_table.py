"""The table of docs/versions.md, made of what noxfile.py really ran."""

from __future__ import annotations

import json
import pathlib
import subprocess
import xml.etree.ElementTree as ET
from typing import Any

import environments

ROOT = pathlib.Path(__file__).parents[1]
PAGE = ROOT / "docs" / "versions.md"
REPORTS = ROOT / "build" / "versions"

BEGIN, END = "<!-- The table is written by nox. -->\n", "<!-- Here it ends. -->\n"

SHOWN = (
    *("jupyterlab", "notebook", "jupyter_server"),
    *("traitlets", "jupyter_core", "jupyter_events", "tornado", "httpx", "msgspec"),
)

_VERSIONS = """
import importlib.metadata, json, platform, sys
found = {"python": platform.python_version()}
for name in sys.argv[1:]:
    try:
        found[name] = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        pass
print(json.dumps(found))
"""


def report(name: str) -> pathlib.Path:
    """Return where pytest writes what it ran in an environment."""
    REPORTS.mkdir(parents=True, exist_ok=True)
    return REPORTS / f"{name}.xml"


def write() -> None:
    """Put the table into the page."""
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n{_table()}\n{END}{after}", encoding="utf-8")


def _table() -> str:
    head = ["run", "Python", "JupyterLab", "Notebook", "jupyter_server", "others", "tests"]
    rows = [head, ["---"] * len(head), *(_row(name) for name in environments.MATRIX)]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _row(name: str) -> list[str]:
    if not report(name).exists():
        python = environments.MATRIX[name].python or ""
        missing = python != environments.OLDEST and environments.find_python(python) is None
        why = "**not run**: this Python was not at hand" if missing else "**not run yet**"
        return [f"`{name}`", python, "", "", "", "", why]
    found = _versions(name)
    others = ", ".join(f"{each} {found[each]}" for each in SHOWN[3:] if each in found)
    shown = [found.get(each, "") for each in ("python", *SHOWN[:3])]
    return [f"`{name}`", *shown, others, _tests(report(name))]


def _versions(name: str) -> dict[str, Any]:
    command = [environments.interpreter(name), "-c", _VERSIONS, *SHOWN]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _tests(path: pathlib.Path) -> str:
    suites = [*ET.parse(path).getroot().iter("testsuite")]
    kinds = ("tests", "failures", "errors", "skipped")
    count = {kind: sum(int(suite.get(kind, 0)) for suite in suites) for kind in kinds}
    failed = count["failures"] + count["errors"]
    parts = [f"{count['tests'] - failed - count['skipped']} passed"]
    parts += [f"**{failed} failed**"] if failed else []
    parts += [f"{count['skipped']} skipped"] if count["skipped"] else []
    return ", ".join(parts)
