"""``jupyter notebook-stop doctor --report``: shown first, written once, for its owner alone."""

from __future__ import annotations

import os
import pathlib
import stat
import sys

import pytest

from jupyter_notebook_stop.simulator import Refuse, ThreadedSimulator

from ..hostile.plain_server import PlainServer
from .conftest import Commands, Terminal

on_posix = pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")


@pytest.fixture
def path(tmp_path: pathlib.Path) -> pathlib.Path:
    return tmp_path / "report.txt"


def test_without_a_server_it_reads_by_itself(
    commands: Commands, simulator: ThreadedSimulator, path: pathlib.Path
) -> None:
    ended = commands.run("doctor", f"--report={path}", "--yes")
    assert (ended.code, ended.err) == (0, "")
    text = path.read_text(encoding="utf-8")
    assert text in ended.out
    assert "instance: <instance-id> (from environment variable INSTANCE_ID)" in text
    assert f"region: {simulator.region} (from environment variable MODELARTS_REGION)" in text
    assert "[ok] permission to read: the status is RUNNING" in text
    assert "\n    status - RUNNING\n" in text.replace("\n  ", "\n    ")
    assert "HUAWEICLOUD_SDK_SK" in text
    for hidden in (simulator.instance_id, simulator.project_id, simulator.access_key, "simulated-notebook"):
        assert hidden not in text
    assert simulator.count("stop") == 0
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_server_tells_what_it_was_answered(
    commands: Commands, simulator: ThreadedSimulator, path: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    server = PlainServer(tmp_path / "server", simulator)
    try:
        simulator.faults.add("stop", Refuse(403, "ModelArts.0112"))
        server.ask("POST", "jupyter-notebook-stop/stop", {"instance_id": simulator.instance_id, "save": "none"})
        commands.environment(JUPYTER_RUNTIME_DIR=str(tmp_path / "server" / "runtime"), HUAWEICLOUD_SDK_SK=None)
        assert commands.run("doctor", f"--report={path}", "--yes").code == 0
    finally:
        server.close()
    text = path.read_text(encoding="utf-8")
    own, _, told = text.partition("## Jupyter server 1: versions")
    assert "POST stop: HTTP 403, application/json" in told
    assert "error_code - ModelArts.0112" in told
    assert "PermissionDeniedError [ModelArts.0112, HTTP 403]" in told
    assert "HUAWEICLOUD_SDK_SK" in told
    assert "HUAWEICLOUD_SDK_SK" not in own.partition("environment variables that are set")[2]
    assert "[ok] Jupyter server: <server-1> saves open tabs" in own
    for hidden in (simulator.instance_id, server.token, str(server.port), str(tmp_path)):
        assert hidden not in text


def test_outside_an_instance_it_tells_why(commands: Commands, path: pathlib.Path) -> None:
    commands.environment(INSTANCE_ID=None)
    assert commands.run("doctor", f"--report={path}", "-y").code == 0
    text = path.read_text(encoding="utf-8")
    assert "[FAILED] identity: Not running in a ModelArts notebook instance" in text
    assert "MODELARTS_REGION" in text


def test_the_text_of_a_refusal_stays_here(commands: Commands, simulator: ThreadedSimulator, path: pathlib.Path) -> None:
    simulator.faults.add("show", Refuse(403, "ModelArts.0112", "alice of the account Wonderland may not"), times=None)
    assert commands.run("doctor", f"--report={path}", "--yes").code == 0
    text = path.read_text(encoding="utf-8")
    assert "[FAILED] permission to read: PermissionDeniedError [ModelArts.0112, HTTP 403]" in text
    assert "GET notebook: HTTP 403" in text
    assert "alice" not in text


def test_nothing_is_overwritten(
    commands: Commands, simulator: ThreadedSimulator, path: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    path.write_text("mine", encoding="utf-8")
    ended = commands.run("doctor", f"--report={path}", "--yes")
    assert (ended.code, ended.out) == (2, "")
    assert "exists already" in ended.err
    assert path.read_text(encoding="utf-8") == "mine"
    ended = commands.run("doctor", f"--report={tmp_path / 'nowhere' / 'report.txt'}", "--yes")
    assert ended.code == 1
    assert "cannot be written" in ended.err
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "target")
    assert commands.run("doctor", f"--report={link}", "--yes").code == 2
    assert not (tmp_path / "target").exists()


def test_without_a_terminal_it_wants_yes(commands: Commands, simulator: ThreadedSimulator, path: pathlib.Path) -> None:
    ended = commands.run("doctor", f"--report={path}")
    assert ended.code == 2
    assert "--yes" in ended.err
    assert not path.exists()
    assert simulator.count() == 0


@on_posix
@pytest.mark.parametrize(("answer", "code", "written"), [("y\n", 0, True), ("n\n", 1, False), ("\x04", 1, False)])
def test_it_is_shown_before_it_is_written(
    commands: Commands, simulator: ThreadedSimulator, path: pathlib.Path, answer: str, code: int, written: bool
) -> None:
    terminal = Terminal(commands, "doctor", f"--report={path}")
    terminal.until("? [y/N] ")
    assert "status - RUNNING" in terminal.output
    assert not path.exists()
    terminal.write(answer)
    assert terminal.end() == code
    assert path.exists() is written
