"""Further virtual environments that browser tests run servers from: the oldest JupyterLab, and collaboration."""

from __future__ import annotations

import pathlib
import subprocess
import sys
import venv

ROOT = pathlib.Path(__file__).parents[1]
FOLDER = ROOT / "build" / "test-environments"

REQUIREMENTS = {
    "oldest": ["jupyterlab==4.0.*", "notebook==7.0.*"],
    "collaboration": ["jupyterlab>=4,<5", "jupyter-collaboration"],
}


def interpreter(name: str) -> str:
    """Return the interpreter of an environment that `create` has made."""
    folder = FOLDER / name
    path = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    assert path.exists(), f"the environment {name!r} is missing; run: python tests/run.py"
    return str(path)


def create() -> None:
    """Make the environments that are missing, and put this package as it is now into each."""
    wheels = FOLDER / "wheel"
    for old in wheels.glob("*.whl"):
        old.unlink()
    _pip(sys.executable, "wheel", "--no-deps", "--wheel-dir", str(wheels), str(ROOT))
    (wheel,) = wheels.glob("*.whl")
    for name, requirements in REQUIREMENTS.items():
        print(f"Environment {name}: {' '.join(requirements)}", flush=True)
        if not (FOLDER / name / "pyvenv.cfg").exists():
            venv.create(FOLDER / name, with_pip=True)
            _pip(interpreter(name), "install", str(wheel), *requirements)
        else:
            _pip(interpreter(name), "install", "--no-deps", "--force-reinstall", str(wheel))


def _pip(python: str, *arguments: str) -> None:
    subprocess.run([python, "-m", "pip", "--disable-pip-version-check", *arguments, "-q"], check=True)
