"""What describes the project to others: one version, one address, pinned actions, and commands that exist."""

from __future__ import annotations

import json
import pathlib
import re
import subprocess
import sys
from importlib import metadata
from typing import Any, Dict, List

import pytest
from jupyter_events import yaml

import jupyter_notebook_stop

ROOT = pathlib.Path(__file__).parents[1]
ADDRESS = "https://github.com/jupyter-notebook-stop/jupyter_notebook_stop"
PYPROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
PACKAGE: Dict[str, Any] = json.loads((ROOT / "labextension" / "package.json").read_text(encoding="utf-8"))
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


@pytest.fixture(scope="module")
def about() -> Dict[str, Any]:
    """Return what the wheel will say of itself."""
    command = [sys.executable, "-m", "hatchling", "metadata"]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True, timeout=120)
    found: Dict[str, Any] = json.loads(done.stdout)
    return found


def test_there_is_one_version(about: Dict[str, Any]) -> None:
    lock = json.loads((ROOT / "labextension" / "package-lock.json").read_text(encoding="utf-8"))
    version = PACKAGE["version"]
    assert {lock["version"], lock["packages"][""]["version"]} == {version}
    assert about["version"] == version
    assert jupyter_notebook_stop.__version__ == metadata.version("jupyter_notebook_stop")
    assert 'dynamic = ["version"]' in PYPROJECT
    assert f"## {version} " in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    for path in (ROOT / "jupyter_notebook_stop").rglob("*.py"):
        assert f'"{version}"' not in path.read_text(encoding="utf-8"), path


def test_no_source_file_is_longer_than_contributors_are_told() -> None:
    sources = [*(ROOT / "jupyter_notebook_stop").rglob("*.py"), *(ROOT / "labextension" / "src").rglob("*.ts")]
    lines = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in sources}
    assert {path.name: number for path, number in lines.items() if number > 300} == {}


def test_the_architecture_names_every_module() -> None:
    told = set(re.findall(r"\w+", (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")))
    modules = [*(ROOT / "jupyter_notebook_stop").rglob("*.py"), *(ROOT / "labextension" / "src").rglob("*.ts")]
    names = {path.stem for path in modules if path.parent.name != "ui" and not path.stem.startswith("__")}
    assert names - told == set()


def test_there_is_one_address() -> None:
    assert PACKAGE["homepage"] == ADDRESS
    assert PACKAGE["bugs"]["url"] == f"{ADDRESS}/issues"
    assert PACKAGE["repository"]["url"] == f"git+{ADDRESS}.git"
    for text in (PYPROJECT, (ROOT / "CITATION.cff").read_text(encoding="utf-8")):
        found = set(re.findall(r"https://github\.com/[\w-]+/[\w-]+", text))
        assert found == {ADDRESS}


def plain(name: str) -> str:
    """Return the name of a package as the manager compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def test_the_extension_manager_of_jupyterlab_finds_it(about: Dict[str, Any]) -> None:
    # It lists what has this classifier, and links what these urls are called.
    assert "Framework :: Jupyter :: JupyterLab :: Extensions :: Prebuilt" in about["classifiers"]
    assert {"Homepage", "Source Code", "Bug Tracker", "Documentation"} <= set(about["urls"])
    assert "jupyterlab-extension" in PACKAGE["keywords"]
    assert "jupyterlab-extension" in about["keywords"]
    name = about["name"]
    install = json.loads((ROOT / "labextension" / "install.json").read_text(encoding="utf-8"))
    assert (install["packageManager"], plain(install["packageName"])) == ("python", plain(name))
    server = PACKAGE["jupyterlab"]["discovery"]["server"]
    assert (server["managers"], plain(server["base"]["name"])) == (["pip"], plain(name))


def steps_of(workflow: pathlib.Path) -> List[Dict[str, Any]]:
    jobs = yaml.load(workflow)["jobs"].values()
    return [step for job in jobs for step in job["steps"]]


@pytest.mark.skipif(not WORKFLOWS, reason="the source archive has no workflows")
def test_every_action_is_pinned_and_every_command_is_one_of_ours() -> None:
    parts = re.findall(r"^(\w+)\(\) \{$", (ROOT / ".ci" / "run").read_text(encoding="utf-8"), re.MULTILINE)
    seen = set()
    for workflow in WORKFLOWS:
        text = workflow.read_text(encoding="utf-8")
        uses = re.findall(r"uses: (.*)", text)
        assert uses
        assert [use for use in uses if not re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", use)] == []
        for step in steps_of(workflow):
            if "run" in step:
                command = re.fullmatch(r"\.ci/run ([\w-]+|\"\$PART\")( --ignore=tests/browser)?", step["run"])
                assert command, step["run"]
                seen.add(command[1])
        for job in yaml.load(workflow)["jobs"].values():
            seen |= set(job.get("strategy", {}).get("matrix", {}).get("part", []))
    seen -= {'"$PART"'}
    assert {"tests", "lint", "files", "frontend", "docs", "browser", "package"} <= seen
    assert seen <= set(parts)


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="this is no working copy")
def test_no_file_names_a_registry() -> None:
    # Whoever builds this uses the registry that they trust, and a lock file that names one would go round it.
    hosts = (("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("npmjs", "com"))
    pattern = "|".join("[.]".join(host) for host in hosts)
    command = ["git", "grep", "-lE", pattern]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (1, "")
