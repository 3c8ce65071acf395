"""Further virtual environments that tests run servers from: the oldest JupyterLab, and collaboration."""

from __future__ import annotations

import pathlib
import subprocess
import sys
import venv
from concurrent.futures import Future, ThreadPoolExecutor

ROOT = pathlib.Path(__file__).parents[1]
FOLDER = ROOT / "build" / "test-environments"

REQUIREMENTS = {
    "oldest": ["jupyterlab==4.0.*", "notebook==7.0.*"],
    "collaboration": ["jupyterlab>=4,<5", "jupyter-collaboration"],
}


def interpreter(name: str) -> str:
    """Return the interpreter of an environment that `create` has made."""
    path = _python(name)
    assert path.exists(), f"the environment {name!r} is missing; run: python tests/run.py"
    return str(path)


def create() -> None:
    """Make the environments, or complete them, and put this package as it is now into each; all at the same time."""
    with ThreadPoolExecutor() as pool:
        wheel = pool.submit(_build_wheel)
        environments = [pool.submit(_create, name, wheel) for name in REQUIREMENTS]
        for environment in environments:
            print("Environment", environment.result(), flush=True)


def _python(name: str) -> pathlib.Path:
    return FOLDER / name / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def _build_wheel() -> str:
    folder = FOLDER / "wheel"
    for old in folder.glob("*.whl"):
        old.unlink()
    _pip(sys.executable, "wheel", "--no-deps", "--wheel-dir", str(folder), str(ROOT))
    (wheel,) = folder.glob("*.whl")
    return str(wheel)


def _create(name: str, wheel: Future[str]) -> str:
    requirements = REQUIREMENTS[name]
    if not (FOLDER / name / "pyvenv.cfg").exists():
        venv.create(FOLDER / name, with_pip=True)
    python = str(_python(name))
    # What is used is compiled at its first use: that is little of all that is installed.
    _pip(python, "install", "--no-compile", *requirements)
    # Or a wheel of the same version would not take the place of the one that is there.
    _pip(python, "uninstall", "--yes", "jupyter_notebook_stop")
    _pip(python, "install", "--no-compile", wheel.result(), *requirements)
    return f"{name}: {' '.join(requirements)}"


def _pip(python: str, *arguments: str) -> None:
    command = [python, "-m", "pip", "--disable-pip-version-check", *arguments, "-q"]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout}")
