"""Runs the tests with every version that is promised, and writes the table of docs/versions.md from what was run.

Usage, in the environment of CONTRIBUTING.md: nox, or nox -s lowest, and so on; nox -l lists the sessions.
"""

from __future__ import annotations

import pathlib
import sys
import tempfile

import nox

ROOT = pathlib.Path(__file__).parent
sys.path.insert(0, str(ROOT))

from tests import environments, installed, version_table  # noqa: E402

nox.options.default_venv_backend = "none"
nox.options.sessions = ["lowest", "python", "browser", "table"]

WORKERS = "2"

OLD_WARNINGS = "filterwarnings=\ndefault\nerror:::jupyter_notebook_stop"
"""What warns of what it imports itself is no fault of ours; what warns of us is."""


def run_inside(session: nox.Session, name: str, *tests: str) -> None:
    """Run tests with the Python of an environment, in which the package is the wheel."""
    # Not nox's own folder: with its long name no path of a socket would be short enough.
    with tempfile.TemporaryDirectory() as elsewhere, session.chdir(elsewhere):
        session.run(
            *(environments.interpreter(name), "-m", "pytest", "-c", str(ROOT / "pyproject.toml")),
            *("--rootdir", str(ROOT), "-o", "addopts=--import-mode=importlib", "-o", OLD_WARNINGS),
            *("-p", "no:cacheprovider", "-q", "-n", WORKERS, f"--junit-xml={version_table.report(name)}"),
            # They run servers of further environments, whatever this one is.
            *(f"--ignore={ROOT / 'tests' / 'server' / file}" for file in ("test_old_servers.py", "test_too_old.py")),
            *(str(ROOT / "tests" / test) for test in tests),
            *session.posargs,
            external=True,
        )


def is_missing(session: nox.Session, name: str) -> bool:
    """Tell whether the Python of an environment is not at hand; then the table says so."""
    version_table.report(name).unlink(missing_ok=True)
    version = environments.MATRIX[name].python or ""
    missing = environments.find_python(version) is None
    if missing:
        session.warn(f"Python {version} is NOT AT HAND: {name} was not tried.")
    return missing


@nox.session
def lowest(session: nox.Session) -> None:
    """Run unit and server tests on the oldest Python with every declared floor."""
    version_table.report("lowest").unlink(missing_ok=True)
    environments.create(["lowest"])
    wrong = installed.off_floor("lowest")
    if wrong:
        session.error(f"These are not the declared floors: {wrong}")
    run_inside(session, "lowest", "unit", "server")


@nox.session
@nox.parametrize("version", environments.PYTHONS)
def python(session: nox.Session, version: str) -> None:
    """Run unit, server and notebook tests on one Python with the newest that it can have."""
    name = f"python-{version}"
    if not is_missing(session, name):
        environments.create([name])
        run_inside(session, name, "unit", "server", "notebook")


@nox.session
@nox.parametrize("lab", list(environments.FRONTENDS))
def browser(session: nox.Session, lab: str) -> None:
    """Drive a browser before one JupyterLab and the Notebook of its time."""
    if is_missing(session, lab):
        return
    environments.create([lab])
    session.run(
        *(sys.executable, "-m", "pytest", "-q", "-m", "versions", "tests/browser"),
        *("-p", "no:cacheprovider", f"--junit-xml={version_table.report(lab)}", *session.posargs),
        env={"TEST_ENVIRONMENT": lab},
        external=True,
    )


@nox.session
def table(session: nox.Session) -> None:
    """Write the table of docs/versions.md from the reports of the sessions."""
    version_table.write()
    session.log(f"{version_table.PAGE.relative_to(ROOT)} is written.")
