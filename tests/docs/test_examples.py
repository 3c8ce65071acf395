"""The files that the documentation gives to users are valid, and do what it says."""

from __future__ import annotations

import json
import os
import pathlib
import runpy
import shutil
import subprocess
import sys
import types

import pytest
from huaweicloudsdkmodelarts.v1 import Config, ContainerHooks, NotebookUpdateRequest  # type: ignore[import-untyped]

EXAMPLES = pathlib.Path(__file__).parents[2] / "docs" / "examples"
INSTALL = EXAMPLES / "install-for-jupyterlab.sh"
SCRIPTS = sorted(EXAMPLES.glob("*.sh"))

BASH = shutil.which("bash")

unix = pytest.mark.skipif(sys.platform == "win32", reason="the scripts are for the instance, a Linux machine")


@pytest.fixture
def jupyterlab(tmp_path: pathlib.Path) -> pathlib.Path:
    """The Python of an environment with JupyterLab, which writes down what it is asked to do."""
    folder = tmp_path / "environment" / "bin"
    folder.mkdir(parents=True)
    (tmp_path / "packages").mkdir()
    python = folder / "python"
    python.write_text(
        "#!/bin/sh\n"
        f'echo "$@" >>"{tmp_path}/calls"\n'
        'case "$*" in\n'
        f"  *sysconfig*) echo {tmp_path}/packages ;;\n"
        f'  *"pip install"*) exit "$(cat "{tmp_path}/pip-fails" 2>/dev/null || echo 0)" ;;\n'
        '  *"extension list"*) echo "jupyter_notebook_stop OK" ;;\n'
        "esac\n"
    )
    lab = folder / "jupyter-lab"
    lab.write_text(f"#!{python}\n")
    for file in (python, lab):
        file.chmod(0o755)
    return python


def run(script: pathlib.Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    assert BASH
    known = {name: value for name, value in os.environ.items() if name not in ("JUPYTER_PYTHON", "WHEELS")}
    return subprocess.run(
        [BASH, str(script), *arguments],
        env={**known, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def calls(tmp_path: pathlib.Path) -> list[str]:
    return (tmp_path / "calls").read_text().splitlines()


@unix
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_script_is_valid(script: pathlib.Path) -> None:
    assert BASH
    subprocess.run([BASH, "-n", str(script)], timeout=60, check=True)
    assert script.read_bytes().startswith(b"#!/usr/bin/env bash\n")


@unix
def test_it_installs_where_jupyterlab_is(jupyterlab: pathlib.Path, tmp_path: pathlib.Path) -> None:
    done = run(INSTALL, JUPYTER_PYTHON=str(jupyterlab))
    assert done.returncode == 0, done.stderr
    assert f"Installing with {jupyterlab}" in done.stdout
    assert "jupyter_notebook_stop OK" in done.stdout
    assert "-m pip install jupyter_notebook_stop" in calls(tmp_path)


@unix
def test_it_finds_the_command_on_the_path(jupyterlab: pathlib.Path, tmp_path: pathlib.Path) -> None:
    done = run(INSTALL, "--print-python", PATH=f"{jupyterlab.parent}:/usr/bin:/bin", PROCESSES=str(tmp_path))
    assert done.stdout == f"{jupyterlab}\n"


@unix
def test_it_says_so_where_there_is_none(tmp_path: pathlib.Path) -> None:
    done = run(INSTALL, PATH="/usr/bin:/bin", PROCESSES=str(tmp_path))
    assert done.returncode == 1
    assert "Set JUPYTER_PYTHON" in done.stderr


@unix
@pytest.mark.parametrize(
    "words",
    [
        "/x/jupyter-lab --ip=x",
        "/x/jupyter-lab",
        "/x/jupyterhub-singleuser --port=1",
        "-m jupyterlab",
        "-m notebook --ip=x",
    ],
)
def test_a_server_that_runs_tells_better(jupyterlab: pathlib.Path, tmp_path: pathlib.Path, words: str) -> None:
    others = [["bash"], ["/bin/sh", "/x/jupyter-notebook-stop", "stop"], ["/bin/sh", "/x/jupyter-lab-other"]]
    for number, line in enumerate((*others, [sys.executable, *words.split()])):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "cmdline").write_text("".join(f"{word}\0" for word in line))
    done = run(INSTALL, "--print-python", PATH=f"{jupyterlab.parent}:/usr/bin:/bin", PROCESSES=str(tmp_path))
    assert done.stdout == f"{sys.executable}\n"


@unix
@pytest.mark.skipif(not pathlib.Path("/proc/self/cmdline").exists(), reason="only Linux lists processes in files")
def test_a_server_is_listed_as_expected(tmp_path: pathlib.Path) -> None:
    server = tmp_path / "jupyter-lab"
    server.write_text(f"#!{sys.executable}\nprint('runs', flush=True)\ninput()\n")
    server.chmod(0o755)
    with subprocess.Popen([str(server)], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as running:
        assert running.stdout
        assert running.stdout.readline()
        (tmp_path / "processes").mkdir()
        (tmp_path / "processes" / "1").symlink_to(f"/proc/{running.pid}")
        done = run(INSTALL, "--print-python", PATH="/usr/bin:/bin", PROCESSES=str(tmp_path / "processes"))
        assert running.stdin
        running.stdin.close()
    assert done.stdout == f"{sys.executable}\n"


@unix
def test_it_installs_from_wheels_and_for_the_user(jupyterlab: pathlib.Path, tmp_path: pathlib.Path) -> None:
    shutil.rmtree(tmp_path / "packages")
    done = run(INSTALL, JUPYTER_PYTHON=str(jupyterlab), WHEELS="the wheels")
    assert done.returncode == 0, done.stderr
    assert "read-only" in done.stdout
    assert "-m pip install --no-index --find-links the wheels --user jupyter_notebook_stop" in calls(tmp_path)


@unix
@pytest.mark.parametrize(("code", "last"), [("0", "installed"), ("7", "failed with exit code 7")])
def test_the_hook_never_fails_and_writes_a_log(
    jupyterlab: pathlib.Path, tmp_path: pathlib.Path, code: str, last: str
) -> None:
    folder = tmp_path / "work folder"
    folder.mkdir()
    for script in SCRIPTS:
        shutil.copy(script, folder)
    (tmp_path / "pip-fails").write_text(code)
    done = run(folder / "start-hook.sh", JUPYTER_PYTHON=str(jupyterlab))
    assert done.returncode == 0
    assert done.stdout == ""
    assert (folder / "hook.log").read_text().splitlines()[-1] == last
    assert any(f"--find-links {folder}/wheels" in call for call in calls(tmp_path))


def test_the_hooks_are_what_the_service_knows() -> None:
    body = json.loads((EXAMPLES / "hooks.json").read_text())
    assert set(body) <= set(NotebookUpdateRequest.attribute_map.values())
    hooks = body["hooks"]["container_hooks"]
    assert set(hooks) <= set(ContainerHooks.attribute_map.values())
    for hook in hooks.values():
        assert set(hook) == set(Config.attribute_map.values())
        assert hook["script"].endswith("/start-hook.sh")


@pytest.mark.parametrize("name", ["policy.json", "policy-with-extending.json"])
def test_a_policy_allows_what_is_needed_and_no_more(name: str) -> None:
    policy = json.loads((EXAMPLES / name).read_text())
    (statement,) = policy["Statement"]
    needed = {"modelarts:notebook:get", "modelarts:notebook:stop"}
    more = {"modelarts:notebook:updateStopPolicy"} if "extending" in name else set()
    assert set(statement["Action"]) == needed | more
    assert statement["Effect"] == "Allow"
    assert policy["Version"] == "1.1"


def test_the_dockerfile_names_files_that_exist() -> None:
    lines = (EXAMPLES / "Dockerfile").read_text().splitlines()
    copied = [line.split()[1:-1] for line in lines if line.startswith("COPY")]
    assert copied
    assert all((EXAMPLES / file).is_file() for files in copied for file in files)
    # An argument before FROM is not seen after it.
    assert lines.index("FROM ${BASE_IMAGE}") < next(n for n, line in enumerate(lines) if "ARG JUPYTER_PYTHON" in line)


def test_the_hub_passes_the_instance_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INSTANCE_ID", "an id")
    monkeypatch.delenv("MODELARTS_REGION", raising=False)
    config = types.SimpleNamespace(Spawner=types.SimpleNamespace(environment={}))
    runpy.run_path(str(EXAMPLES / "jupyterhub_config.py"), init_globals={"get_config": lambda: config})
    assert config.Spawner.environment["INSTANCE_ID"] == "an id"
    assert "MODELARTS_REGION" not in config.Spawner.environment
