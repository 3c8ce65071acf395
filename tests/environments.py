"""Further virtual environments that tests run servers from: old JupyterLabs, old servers, and collaboration."""

from __future__ import annotations

import os
import pathlib
import re
import shutil
import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor

ROOT = pathlib.Path(__file__).parents[1]
FOLDER = ROOT / "build" / "test-environments"


def floors() -> dict[str, str]:
    """Return the lowest release of each dependency that pyproject.toml allows."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    found = re.search(r"^dependencies = \[(.*?)\]$", text, re.MULTILINE | re.DOTALL)
    assert found, "pyproject.toml has no dependencies"
    return dict(re.findall(r'"([\w-]+)>=([\d.]+)', found[1]))


REQUIREMENTS = {
    "oldest": ["jupyterlab==4.0.*", "notebook==7.0.*"],
    "collaboration": ["jupyterlab>=4,<5", "jupyter-collaboration"],
    # Every declared floor exactly, so that what is declared and what is tested cannot drift apart.
    "floors": [f"{name}=={version}" for name, version in floors().items()],
    "server-2.7": ["jupyter_server==2.7.*", "jupyter_events==0.7.*", "traitlets==5.9.*", "ipykernel==6.25.*"],
    "server-2.14": ["jupyter_server==2.14.*", "jupyter_events==0.10.*"],
}

OLD_SERVERS = ("floors", "server-2.7", "server-2.14")
"""These have the oldest Python that is at hand, and no frontend."""


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


def _oldest_python() -> str:
    """Return the oldest Python from 3.9 that really runs, on PATH or among pyenv's; this one if there is no other."""
    pyenv = pathlib.Path(os.environ.get("PYENV_ROOT") or pathlib.Path.home() / ".pyenv")
    for minor in range(9, sys.version_info.minor):
        on_path = shutil.which(f"python3.{minor}")
        for python in [*([on_path] if on_path else []), *map(str, pyenv.glob(f"versions/3.{minor}.*/bin/python"))]:
            if _version(python) == f"3.{minor}":
                return python
    return sys.executable


def _version(python: str) -> str:
    """Return the version of a Python that can make environments; of any other, such as pyenv's stand-ins, nothing."""
    code = "import ensurepip, sys, venv; print('%d.%d' % sys.version_info[:2])"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


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
        base = _oldest_python() if name in OLD_SERVERS else sys.executable
        _run(base, "-m", "venv", str(FOLDER / name))
    python = str(_python(name))
    version = _version(python)
    if name in OLD_SERVERS:
        # The pip that comes with old Pythons tries releases for minutes that a newer one rules out at once.
        _pip(python, "install", "pip>=24")
    if name == "floors" and version not in ("3.9", "3.10", "3.11"):
        # There is no wheel of that old a msgspec for a newer Python.
        requirements = [each.replace("==", ">=") if each.startswith("msgspec") else each for each in requirements]
    _pip(python, "install", *requirements)
    # Or a wheel of the same version would not take the place of the one that is there.
    _pip(python, "uninstall", "--yes", "jupyter_notebook_stop")
    _pip(python, "install", wheel.result(), *requirements)
    return f"{name}: Python {version}, {' '.join(requirements)}"


def _pip(python: str, *arguments: str) -> None:
    _run(python, "-m", "pip", "--disable-pip-version-check", *arguments, "-q")


def _run(*command: str) -> None:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout}")
