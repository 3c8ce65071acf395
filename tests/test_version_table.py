"""What docs/versions.md promises was run: each row of the matrix, with the versions that it names, and none failed."""

from __future__ import annotations

import pathlib
import re
import subprocess
import sys

import pytest

from . import version_table
from .environments import FRONTENDS, MATRIX, floors

SAMPLE = """
import pytest


@pytest.mark.parametrize("path", ["lab", "tree"])
def test_it_opens(path, record_property):
    record_property("frontend", {"lab": "JupyterLab 4.1.2", "tree": "Jupyter Notebook 7.1.3"}[path])


def test_it_breaks(record_property):
    record_property("frontend", "JupyterLab 4.1.2")
    assert False


def test_it_cannot_begin(nothing_of_that_name):
    pass


@pytest.mark.skip(reason="for the test")
def test_it_waits():
    pass
"""


def rows() -> dict[str, dict[str, str]]:
    """Return what the tables of the page say of each run, by the head of the column."""
    found: dict[str, dict[str, str]] = {}
    head: list[str] = []
    for line in version_table.PAGE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")] if line.startswith("|") else []
        if cells and cells[0] == "run":
            head = cells
        elif cells and cells[0].strip("`") in MATRIX:
            found[cells[0].strip("`")] = dict(zip(head, cells))
    return found


@pytest.mark.parametrize("name", MATRIX)
def test_every_run_of_the_matrix_passed(name: str) -> None:
    assert re.match(r"\d{2,} passed", rows()[name]["tests"])
    assert "**" not in rows()[name]["tests"]


def test_the_lowest_run_had_the_declared_floors() -> None:
    row = rows()["lowest"]
    assert row["Python"].startswith("3.9.")
    for name, floor in floors().items():
        assert re.fullmatch(rf"{re.escape(floor)}(\.0)*", row[name]), name


@pytest.mark.parametrize("name", FRONTENDS)
def test_each_browser_was_in_both_frontends_of_their_time(name: str) -> None:
    row = rows()[name]
    of_their_time = name.rpartition("-")[2].replace("4.", "7.")
    for frontend, minor in (("JupyterLab", name.rpartition("-")[2]), ("Notebook", of_their_time)):
        assert re.fullmatch(r"\d+\.\d+\.\d+" if minor == "newest" else rf"{re.escape(minor)}\.\d+", row[frontend])
    assert int(row["of them in Notebook"]) > 0


def test_a_report_is_read_as_it_is(tmp_path: pathlib.Path) -> None:
    (tmp_path / "test_sample.py").write_text(SAMPLE)
    report = tmp_path / "report.xml"
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        f"--junit-xml={report}",
        "test_sample.py",
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == pytest.ExitCode.TESTS_FAILED, done.stdout
    outcomes = {case.name: (case.outcome, {*case.frontends}) for case in version_table.cases(report)}
    assert outcomes == {
        "test_it_opens[lab]": ("passed", {("JupyterLab", "4.1.2")}),
        "test_it_opens[tree]": ("passed", {("Notebook", "7.1.3")}),
        "test_it_breaks": ("failed", {("JupyterLab", "4.1.2")}),
        "test_it_cannot_begin": ("failed", set()),
        "test_it_waits": ("skipped", set()),
    }
