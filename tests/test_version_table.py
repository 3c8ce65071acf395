"""The tables of docs/versions.md say what was run."""

from __future__ import annotations

import pathlib
import subprocess
import sys

import pytest

from . import version_table

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
