"""The wheel that users install, as tests/run.py has built it."""

from __future__ import annotations

import collections
import email
import gzip
import json
import pathlib
import re
import subprocess
import sys
import tarfile
import zipfile
from typing import Iterator

import pytest

from .environments import FOLDER, floors, interpreter

ROOT = pathlib.Path(__file__).parents[1]
FRONTEND = ROOT / "labextension"
LABEXTENSION = "share/jupyter/labextensions/jupyter-notebook-stop/"


@pytest.fixture(scope="module")
def wheel() -> Iterator[zipfile.ZipFile]:
    """The one wheel there is."""
    found = list((FOLDER / "wheel").glob("*.whl"))
    assert len(found) == 1, "run: python tests/run.py"
    with zipfile.ZipFile(found[0]) as opened:
        yield opened


def test_one_small_wheel_for_every_machine(wheel: zipfile.ZipFile) -> None:
    assert wheel.filename is not None
    path = pathlib.Path(wheel.filename)
    assert path.name.endswith("-py3-none-any.whl")
    assert path.stat().st_size < 300_000


def test_each_script_once_and_no_source_maps(wheel: zipfile.ZipFile) -> None:
    names = wheel.namelist()
    scripts = [name for name in names if name.endswith(".js")]
    assert any(LABEXTENSION in name for name in scripts)
    contents = collections.Counter(wheel.read(name) for name in scripts)
    assert max(contents.values()) == 1
    assert not [name for name in names if name.endswith((".map", ".ts", ".pyc"))]
    assert not [name for name in scripts if re.search(rb"//# sourceMappingURL=\S+\s*$", wheel.read(name))]
    # What JupyterLab loads is what package.json names, and nothing stale lies beside it.
    package = next(name for name in names if name.endswith(LABEXTENSION + "package.json"))
    entry = json.loads(wheel.read(package))["jupyterlab"]["_build"]["load"]
    assert [name for name in names if name.endswith(LABEXTENSION + entry)]
    assert len([name for name in names if "remoteEntry" in name]) == 1


def test_the_page_carries_little(wheel: zipfile.ZipFile) -> None:
    static = LABEXTENSION + "static/"
    scripts = {
        name.rpartition("/")[2]: wheel.read(name)
        for name in wheel.namelist()
        # What jupyter-builder lists the styles in is never loaded.
        if static in name and name.endswith(".js") and not name.endswith("/style.js")
    }
    styles = [wheel.read(name) for name in wheel.namelist() if static in name and name.endswith(".css")]
    later = [content for name, content in scripts.items() if name.startswith("stop.")]
    at_start = [content for content in scripts.values() if content not in later]
    assert len(later) == 1
    assert len(styles) == 1

    def size(contents: list[bytes]) -> int:
        return sum(map(len, contents))

    def compressed(contents: list[bytes]) -> int:
        return sum(len(gzip.compress(content, mtime=0)) for content in contents)

    assert size(at_start) < 17_000
    assert compressed(at_start) < 7_500
    assert size(list(scripts.values())) < 60_000
    assert compressed(list(scripts.values())) < 24_000
    assert size(styles) < 7_000


def test_what_it_needs_and_brings(wheel: zipfile.ZipFile) -> None:
    metadata = next(name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    message = email.message_from_bytes(wheel.read(metadata))
    needs = [need for need in message.get_all("Requires-Dist") or [] if "extra ==" not in need]
    declared = {re.split(r"[<>=! ]", need)[0].replace("-", "_"): need for need in needs}
    named = [
        *("certifi", "httpx", "jupyter_core", "jupyter_events", "jupyter_server", "msgspec", "tornado", "traitlets"),
    ]
    assert sorted(declared) == named
    assert sorted(floors()) == named, "a dependency has no floor"
    assert all(f">={version}" in declared[name] for name, version in floors().items())
    names = wheel.namelist()
    for brought in (
        "jupyter_notebook_stop/py.typed",
        "jupyter_notebook_stop/server/rest-api.yml",
        "jupyter_notebook_stop/server/events/stop.yaml",
        "jupyter_notebook_stop/server/events/attempt.yaml",
        "jupyter_notebook_stop/demo/console.html",
        "jupyter_notebook_stop/demo/train.ipynb",
        "data/etc/jupyter/jupyter_server_config.d/jupyter_notebook_stop.json",
        "data/" + LABEXTENSION + "install.json",
    ):
        assert [name for name in names if name.endswith(brought)], brought


def test_the_licence_of_all_that_is_bundled(wheel: zipfile.ZipFile) -> None:
    # The bundler writes down whatever module of another package it takes in.
    (report,) = [name for name in wheel.namelist() if name.endswith("/third-party-licenses.json")]
    assert json.loads(wheel.read(report)) == {"packages": []}
    entry = next(wheel.read(name) for name in wheel.namelist() if "/remoteEntry" in name)
    assert b"does not exist in container" in entry, "no longer code of rspack; whose licence is in the wheel?"
    licences = [wheel.read(name).decode() for name in wheel.namelist() if ".dist-info/licenses/" in name]
    assert len(licences) == 2
    assert (ROOT / "LICENSE").read_text(encoding="utf-8") in licences
    theirs = FRONTEND / "node_modules" / "@rspack" / "core" / "LICENSE"
    assert theirs.read_text(encoding="utf-8") in licences


ONLY_HERE = (".ci/", ".github/", ".pre-commit-config.yaml", ".readthedocs.yaml")
"""What the source archive leaves out."""


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="this is no working copy, there is nothing to compare with")
def test_the_source_archive_has_what_is_in_the_repository(tmp_path: pathlib.Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=120)
    with tarfile.open(next(tmp_path.glob("*.tar.gz"))) as archive:
        found = {name.partition("/")[2] for name in archive.getnames()}
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True, timeout=60)
    names = (name for name in tracked.stdout.splitlines() if (ROOT / name).exists())
    expected = {name for name in names if not name.startswith(ONLY_HERE)}
    assert expected - found == set(), "missing in the archive"
    assert found - expected == {"PKG-INFO"}, "what is this?"


@pytest.mark.parametrize("name", ["oldest", "collaboration"])
@pytest.mark.parametrize(
    ("command", "line"),
    [
        (["jupyter_server.extension.serverextension", "list"], r"jupyter_notebook_stop\b.*\bOK"),
        (["jupyterlab.labextensions", "list"], r"jupyter-notebook-stop\b.*\bOK"),
    ],
)
def test_jupyter_finds_both_halves(name: str, command: list[str], line: str) -> None:
    done = subprocess.run([interpreter(name), "-m", *command], capture_output=True, text=True, timeout=120, check=True)
    plain = re.sub(r"\x1b\[\d+m", "", done.stdout + done.stderr)
    assert re.search(line, plain), plain


def test_the_lock_file_builds_everywhere() -> None:
    lock = json.loads((pathlib.Path(__file__).parents[1] / "labextension" / "package-lock.json").read_text())
    bindings = [name for name in lock["packages"] if "/@rspack/binding-" in name]
    assert len(bindings) == 14
    assert not [name for name, entry in lock["packages"].items() if str(entry.get("resolved", "")).startswith("http")]


def test_the_public_names_are_typed() -> None:
    code = "import jupyter_notebook_stop; from jupyter_notebook_stop import stop, astop, status, wait"
    subprocess.run([sys.executable, "-c", code], timeout=60, check=True)
