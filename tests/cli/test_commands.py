"""``jupyter notebook-stop``: what it writes, and its exit codes."""

from __future__ import annotations

import json
import pathlib
import shutil
import signal
import subprocess
import sys

import msgspec
import pytest

import jupyter_notebook_stop
from jupyter_notebook_stop import cli, errors
from jupyter_notebook_stop.schema import Instance
from jupyter_notebook_stop.simulator import ThreadedSimulator

from .conftest import Commands, Terminal

on_posix = pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal or signals")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.NotInInstanceError("x"), 3),
        (errors.IdentityError("x"), 3),
        (errors.CredentialsError("x"), 4),
        (errors.SaveError("x"), 5),
        (errors.CancelledStopError("x"), 5),
        (errors.PermissionDeniedError("x"), 1),
        (errors.InstanceStateError("x"), 1),
        (errors.UnreachableError("x"), 1),
        (errors.NotebookStopError("x"), 1),
    ],
)
def test_every_error_has_its_exit_code(error: errors.NotebookStopError, code: int) -> None:
    assert cli.exit_code(error) == code


class TestStop:
    """The command that stops."""

    def test_in_a_pipe_each_step_is_one_line(self, commands: Commands, simulator: ThreadedSimulator) -> None:
        ended = commands.run("stop", "--yes", "--delay=1", "--wait")
        assert (ended.code, ended.err) == (0, "")
        lines = ended.out.splitlines()
        assert lines[2:4] == ["Stopping simulated-notebook in 1 s: press Ctrl-C to cancel.", "Counted down 1 s."]
        assert lines[-1] == "simulated-notebook is STOPPED"
        assert len(lines) == len(set(lines))
        assert "\r" not in ended.out
        assert "\x1b" not in ended.out
        assert simulator.count("stop") == 1

    @on_posix
    def test_on_a_terminal_it_asks_and_rewrites_one_line(
        self, commands: Commands, simulator: ThreadedSimulator
    ) -> None:
        terminal = Terminal(commands, "stop", "--delay=1", "--wait")
        terminal.until("Stop this instance? [y/N] ")
        assert "simulated-notebook: RUNNING" in terminal.output
        assert "/home/ma-user/work/" in terminal.output
        assert simulator.count("stop") == 0
        terminal.write("y\n")
        assert terminal.end() == 0
        assert "\r\x1b[K" in terminal.output
        assert "simulated-notebook is STOPPED" in terminal.output
        assert terminal.output.count("press Ctrl-C to cancel") == 1
        assert simulator.count("stop") == 1

    @on_posix
    @pytest.mark.parametrize("answer", ["n\n", "\n", "\x04"])
    def test_any_other_answer_stops_nothing(
        self, commands: Commands, simulator: ThreadedSimulator, answer: str
    ) -> None:
        terminal = Terminal(commands, "stop")
        terminal.until("[y/N] ")
        terminal.write(answer)
        assert terminal.end() == 5
        assert "Nothing was stopped." in terminal.output
        assert simulator.count("stop") == 0

    @on_posix
    def test_ctrl_c_during_the_countdown_cancels(self, commands: Commands, simulator: ThreadedSimulator) -> None:
        terminal = Terminal(commands, "stop", "-y", "--delay=60")
        terminal.until("in 60 s")
        terminal.process.send_signal(signal.SIGINT)
        assert terminal.end() == 130
        assert "Cancelled during the countdown: nothing was stopped." in terminal.output
        assert "Traceback" not in terminal.output
        assert simulator.count("stop") == 0

    def test_without_a_terminal_it_wants_yes(self, commands: Commands, simulator: ThreadedSimulator) -> None:
        ended = commands.run("stop")
        assert ended.code == 2
        assert "--yes" in ended.err
        assert simulator.count("stop") == 0

    def test_a_dry_run_stops_nothing(self, commands: Commands, simulator: ThreadedSimulator) -> None:
        ended = commands.run("stop", "--dry-run", "--no-save")
        assert ended.code == 0
        assert "A stop would:" in ended.out
        assert simulator.count("stop") == 0

    def test_a_refusal(self, commands: Commands, simulator: ThreadedSimulator) -> None:
        simulator.settings.deny("stop")
        ended = commands.run("stop", "--yes", "--delay=0")
        assert ended.code == 1
        assert "ModelArts.0112" in ended.err
        assert "modelarts:notebook:stop" in ended.err
        assert "Traceback" not in ended.err

    def test_no_instance(self, commands: Commands) -> None:
        commands.environment(INSTANCE_ID=None)
        assert commands.run("stop", "--yes").code == 3

    def test_no_credentials(self, commands: Commands, simulator: ThreadedSimulator) -> None:
        commands.environment(HUAWEICLOUD_SDK_AK=None, HUAWEICLOUD_SDK_SK=None)
        assert commands.run("stop", "--yes").code == 4
        assert commands.run("doctor").code == 4
        assert simulator.count() == 1  # the doctor's look at the endpoint


class TestStatus:
    """The command that only looks."""

    def test_for_people(self, commands: Commands) -> None:
        ended = commands.run("status")
        assert (ended.code, ended.err) == (0, "")
        assert ended.out.startswith("simulated-notebook: RUNNING\n")
        assert "from environment variable INSTANCE_ID" in ended.out

    def test_for_scripts(self, commands: Commands, simulator: ThreadedSimulator) -> None:
        ended = commands.run("status", "--json")
        instance = msgspec.json.decode(ended.out, type=Instance)
        assert (instance.id, instance.status) == (simulator.instance_id, "RUNNING")
        assert json.loads(ended.out)["attempt"] is None
        for secret in (simulator.secret_key, simulator.security_token, simulator.access_key):
            assert secret not in ended.out

    def test_no_instance(self, commands: Commands) -> None:
        commands.environment(INSTANCE_ID="")
        ended = commands.run("status")
        assert (ended.code, ended.out) == (3, "")
        assert "INSTANCE_ID" in ended.err


class TestDoctor:
    """The command that finds out why it would not work."""

    def test_all_is_well(self, commands: Commands, simulator: ThreadedSimulator) -> None:
        ended = commands.run("doctor")
        assert ended.code == 0
        assert "FAILED" not in ended.out
        names = [line[9:].partition(":")[0] for line in ended.out.splitlines()]
        assert names[:4] == ["identity", "credentials", "endpoint", "permission to read"]
        assert simulator.count("stop") == 0

    def test_what_is_wrong_has_its_remedy(self, commands: Commands, simulator: ThreadedSimulator) -> None:
        simulator.settings.deny("show")
        ended = commands.run("doctor")
        assert ended.code == 1
        lines = ended.out.splitlines()
        (number,) = [number for number, line in enumerate(lines) if line.startswith("[FAILED]")]
        assert "permission to read" in lines[number]
        assert lines[number + 1].strip().startswith("-> Ask an administrator")

    def test_no_instance(self, commands: Commands) -> None:
        commands.environment(INSTANCE_ID=None)
        ended = commands.run("doctor")
        assert ended.code == 3
        assert ended.out.startswith("[FAILED] identity")


class TestUsage:
    """Options, settings and help."""

    @pytest.mark.parametrize(
        "arguments",
        [
            [],
            ["nonsense"],
            ["stop", "now"],
            ["stop", "--nonsense"],
            ["stop", "--delay=soon"],
            ["stop", "--yes", "--delay=-1"],
            ["status", "--NotebookStop.total_timeout=never"],
        ],
    )
    def test_wrong_usage(self, commands: Commands, simulator: ThreadedSimulator, arguments: list[str]) -> None:
        assert commands.run(*arguments).code == 2
        assert simulator.count() == 0

    @pytest.mark.parametrize("command", ["stop", "schedule", "status", "doctor", "demo"])
    def test_help_is_about_this_command_alone(self, commands: Commands, command: str) -> None:
        ended = commands.run(command, "--help")
        assert ended.code == 0
        assert f"Usage: jupyter notebook-stop {command}" in ended.out
        assert "130  interrupted by Ctrl-C" in ended.out
        assert ("-y, --yes " in ended.out) == (command in ("stop", "doctor"))
        of_all = ("--log-level", "--config", "--generate-config", "--show-config", "Equivalent to", "--NotebookStop.")
        assert [option for option in of_all if option in ended.out] == []
        everything = commands.run(command, "--help-all").out
        assert [option for option in of_all if option not in everything] == ([] if command != "demo" else [*of_all[:4]])

    def test_help_names_the_commands(self, commands: Commands) -> None:
        ended = commands.run("--help")
        assert ended.code == 0
        listed = ended.out.partition("Commands\n")[2].partition("\n\n")[0]
        assert [line.split()[0] for line in listed.splitlines()] == ["stop", "schedule", "status", "doctor", "demo"]
        assert "Options\n" not in ended.out

    def test_the_version(self, commands: Commands) -> None:
        for arguments in (["--version"], ["stop", "--version"]):
            ended = commands.run(*arguments)
            assert (ended.code, ended.out) == (0, f"{jupyter_notebook_stop.__version__}\n")

    def test_settings_are_those_of_the_server(
        self, commands: Commands, folders: dict[str, str], simulator: ThreadedSimulator
    ) -> None:
        commands.environment(MODELARTS_ENDPOINT=None)
        text = f"c.NotebookStop.endpoint = {simulator.endpoint!r}\n"
        config = pathlib.Path(folders["JUPYTER_CONFIG_DIR"])
        (config / "jupyter_notebook_stop_config.py").write_text(text, encoding="utf-8")
        assert json.loads(commands.run("status", "--json").out)["sources"]["endpoint"] == "c.NotebookStop.endpoint"
        other = "http://127.0.0.1:9"
        ended = commands.run("doctor", f"--NotebookStop.endpoint={other}", "--NotebookStop.total_timeout=1")
        assert ended.code == 1
        assert other in ended.out

    def test_it_is_a_command_of_jupyter(self, commands: Commands) -> None:
        folder = pathlib.Path(sys.executable).parent
        jupyter = shutil.which("jupyter", path=str(folder))
        assert jupyter
        done = subprocess.run(
            [jupyter, "notebook-stop", "status"],
            env={**commands.place.environment, "PATH": f"{folder}{__import__('os').pathsep}{__import__('os').defpath}"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("simulated-notebook: RUNNING")
