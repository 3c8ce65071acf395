"""The tables of docs/versions.md, made of what noxfile.py really ran."""

from __future__ import annotations

import pathlib
import re
import xml.etree.ElementTree as ET
from typing import NamedTuple, Sequence

from . import environments
from .installed import installed

ROOT = pathlib.Path(__file__).parents[1]
PAGE = ROOT / "docs" / "versions.md"
REPORTS = ROOT / "build" / "versions"

BEGIN, END = "<!-- From here on nox writes. -->\n", "<!-- Here it ends. -->\n"

NOT_RUN = "**not run**"

COMPANIONS = ("jupyter_server", "jupyter_core", "jupyter_events", "traitlets", "tornado", "httpx", "certifi", "msgspec")

NAMES = {"JupyterLab": "JupyterLab", "Jupyter Notebook": "Notebook"}
"""What a frontend calls itself in its page, and what it is called here."""


class Case(NamedTuple):
    """One test of a report, and the frontends that it opened: pairs of name and version."""

    name: str
    outcome: str
    frontends: frozenset[tuple[str, str]]


def report(name: str) -> pathlib.Path:
    """Return where pytest writes what it ran in an environment."""
    REPORTS.mkdir(parents=True, exist_ok=True)
    return REPORTS / f"{name}.xml"


def cases(path: pathlib.Path) -> list[Case]:
    """Return the tests of a report; none if there is no report."""
    return [_case(each) for each in ET.parse(path).getroot().iter("testcase")] if path.exists() else []


def write() -> None:
    """Put the tables into the page."""
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n{_tables()}\n{END}{after}", encoding="utf-8")


def _tables() -> str:
    browsers = {name: cases(report(name)) for name in environments.FRONTENDS}
    servers = [name for name in environments.MATRIX if name not in browsers]
    return "\n".join(
        [
            "## In a browser\n",
            _table(
                ["run", "JupyterLab", "Notebook", "tests", "of them in Notebook", "Python", "jupyter_server"],
                [_browser_row(name, found) for name, found in browsers.items()],
            ),
            "Each line is a test, with the pages that it opened:\n",
            _table(["test", *(f"`{name}`" for name in browsers)], _deeds(browsers)),
            "## Server, cells and terminal\n",
            _table(["run", "Python", "tests", *COMPANIONS], [_server_row(name) for name in servers]),
        ]
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "".join(f"| {' | '.join(row)} |\n" for row in (head, ["---"] * len(head), *rows))


def _browser_row(name: str, found: list[Case]) -> list[str]:
    if not found:
        return [f"`{name}`", "", "", NOT_RUN, "", environments.MATRIX[name].python or "", ""]
    versions = installed(name, "jupyter_server")
    opened = frozenset().union(*(case.frontends for case in found))
    shown = [", ".join(sorted(version for each, version in opened if each == frontend)) for frontend in NAMES.values()]
    inside = sum(any(each == "Notebook" for each, _ in case.frontends) for case in found)
    return [f"`{name}`", *shown, _count(found), str(inside), versions["python"], versions["jupyter_server"]]


def _deeds(browsers: dict[str, list[Case]]) -> list[list[str]]:
    deeds = {_deed(case.name): None for found in browsers.values() for case in found}
    return [[deed, *(_seen(deed, found) for found in browsers.values())] for deed in deeds]


def _deed(name: str) -> str:
    """Return what a test is about, which its name says."""
    return re.sub(r"^test_|\[.*\]$", "", name).replace("_", " ").capitalize()


def _seen(deed: str, found: list[Case]) -> str:
    """Return in which frontends a test passed, or what came of it instead."""
    here = [case for case in found if _deed(case.name) == deed]
    if not here:
        return NOT_RUN
    amiss = {case.outcome for case in here} - {"passed"}
    opened = {name for case in here for name, _ in case.frontends}
    return ", ".join(f"**{outcome}**" for outcome in sorted(amiss)) or ", ".join(sorted(opened))


def _server_row(name: str) -> list[str]:
    found = cases(report(name))
    if not found:
        python = environments.MATRIX[name].python or ""
        shown = "the oldest at hand" if python == environments.OLDEST else python
        return [f"`{name}`", shown, NOT_RUN, *[""] * len(COMPANIONS)]
    versions = installed(name, *COMPANIONS)
    return [f"`{name}`", versions["python"], _count(found), *(versions[each] for each in COMPANIONS)]


def _case(element: ET.Element) -> Case:
    kinds = {"failure": "failed", "error": "failed", "skipped": "skipped"}
    outcome = next((kinds[child.tag] for child in element if child.tag in kinds), "passed")
    told = [each.get("value", "") for each in element.iter("property") if each.get("name") == "frontend"]
    frontends = ((NAMES[name], version) for name, _, version in (each.rpartition(" ") for each in told))
    return Case(element.get("name", ""), outcome, frozenset(frontends))


def _count(found: list[Case]) -> str:
    outcomes = [case.outcome for case in found]
    parts = [f"{outcomes.count('passed')} passed"]
    parts += [f"**{outcomes.count('failed')} failed**"] if "failed" in outcomes else []
    parts += [f"{outcomes.count('skipped')} skipped"] if "skipped" in outcomes else []
    return ", ".join(parts)
