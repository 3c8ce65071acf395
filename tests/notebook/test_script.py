"""A plain script in an instance without a Jupyter server."""

from __future__ import annotations

import asyncio
import importlib.metadata
import json
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import threading
from typing import Any

import pytest

import jupyter_notebook_stop
from jupyter_notebook_stop import (
    CancelledStopError,
    CredentialsError,
    Instance,
    InstanceStateError,
    NotInInstanceError,
    OutcomeUnknownError,
    PermissionDeniedError,
    Report,
    StopFailedError,
    UnreachableError,
    astop,
    status,
    stop,
    wait,
)
from jupyter_notebook_stop.simulator import Refuse, ThreadedSimulator

from .conftest import Place


@pytest.fixture(autouse=True)
def _in_an_instance(place: Place) -> None:
    """Run each test of this file in the stand-in's instance."""


def secrets_of(simulator: ThreadedSimulator) -> list[str]:
    return [simulator.secret_key, simulator.security_token, simulator.auth_token, simulator.access_key]


def test_a_script_stops_its_instance(place: Place, simulator: ThreadedSimulator) -> None:
    code, output = place.run("from jupyter_notebook_stop import stop; print(repr(stop(delay=0.2)))")
    assert code == 0, output
    assert simulator.count("stop") == 1
    assert "Stopping simulated-notebook in 1 s: press Ctrl-C to cancel." in output
    assert "No Jupyter server was found for this instance" in output
    assert "with the credentials from environment variables HUAWEICLOUD_SDK_AK" in output
    assert "The cloud accepted the stop" in output
    assert f"Instance(id='{simulator.instance_id}', name='simulated-notebook', status='STOPPING'" in output
    assert not [secret for secret in secrets_of(simulator) if secret in output]


def test_it_works_where_jupyter_server_is_not_installed(place: Place, simulator: ThreadedSimulator) -> None:
    code, output = place.run(
        "import sys; sys.modules.update(dict.fromkeys(('jupyter_server', 'tornado', 'IPython')))\n"
        "from jupyter_notebook_stop import stop, status\n"
        "print(status().status, stop(dry_run=True).ok, stop(delay=0).status)"
    )
    assert code == 0, output
    assert output.rstrip().endswith("RUNNING True STOPPING")
    assert simulator.count("stop") == 1


def test_the_package_imports_nothing_heavy() -> None:
    place = Place({}, __import__("pathlib").Path.cwd())
    _, output = place.run(
        "import sys; before = set(sys.modules); import jupyter_notebook_stop as package\n"
        "assert set(package.__all__) <= set(dir(package))\n"
        "print(sorted({name.partition('.')[0] for name in set(sys.modules) - before}\n"
        "      & {'httpx', 'msgspec', 'traitlets', 'jupyter_core', 'IPython', 'tornado', 'asyncio', 'ssl'}))"
    )
    assert output.strip() == "[]"


def test_a_bare_import_loads_the_package_alone() -> None:
    root = pathlib.Path(jupyter_notebook_stop.__file__).parents[1]
    # Without site-packages and their start-up files, which may load anything first.
    code = (
        f"import sys; sys.path.insert(0, {str(root)!r}); before = set(sys.modules); import jupyter_notebook_stop\n"
        "print(sorted(set(sys.modules) - before), 'typing' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "['__future__', 'jupyter_notebook_stop'] False\n"


def test_the_version_is_that_of_the_package(tmp_path: pathlib.Path) -> None:
    assert jupyter_notebook_stop.__version__ == importlib.metadata.version("jupyter_notebook_stop")
    assert "__version__" in dir(jupyter_notebook_stop)
    code = "import sys; sys.path.insert(0, sys.argv[1]); import jupyter_notebook_stop as p; print(p.__version__)"
    root = pathlib.Path(jupyter_notebook_stop.__file__).parents[1]
    checkout = tmp_path / "checkout"
    shutil.copytree(root / "jupyter_notebook_stop", checkout / "jupyter_notebook_stop")
    command = [sys.executable, "-I", "-S", "-c", code, str(checkout)]
    (checkout / "labextension").mkdir()
    (checkout / "labextension" / "package.json").write_text('{"version": "12.3.4"}', encoding="utf-8")
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "12.3.4\n"


def test_results_print_themselves_without_ipython(place: Place, simulator: ThreadedSimulator) -> None:
    code, output = place.run(
        "import sys; from jupyter_notebook_stop import status, stop\n"
        "print(status(), stop(dry_run=True).checks[0]); print('IPython' in sys.modules)"
    )
    assert code == 0, output
    assert f"Instance(id='{simulator.instance_id}', name='simulated-notebook', status='RUNNING'" in output
    assert "Check(name='identity', ok=True" in output
    assert output.endswith("False\n")


def test_every_public_name_is_there_and_no_other() -> None:
    for name in jupyter_notebook_stop.__all__:
        assert getattr(jupyter_notebook_stop, name) is not None
    with pytest.raises(AttributeError):
        jupyter_notebook_stop.nonsense  # noqa: B018


@pytest.mark.skipif(sys.platform == "win32", reason="a signal of one process to another")
def test_ctrl_c_during_the_countdown_stops_nothing(place: Place, simulator: ThreadedSimulator) -> None:
    process = place.start("from jupyter_notebook_stop import stop; stop(delay=60)")
    assert process.stdout is not None
    for line in process.stdout:
        if "press Ctrl-C to cancel" in line:
            break
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=30)
    assert process.returncode == -signal.SIGINT
    assert "Cancelled during the countdown: nothing was stopped." in rest
    assert rest.count("Traceback") == 1
    assert "asyncio" not in rest
    assert simulator.count("stop") == 0


def test_in_a_thread(simulator: ThreadedSimulator) -> None:
    results: list[Any] = []
    thread = threading.Thread(target=lambda: results.append(stop(delay=0, wait=True)))
    thread.start()
    thread.join(30)
    assert results[0].status == "STOPPED"
    assert simulator.count("stop") == 1


def test_while_an_event_loop_runs(simulator: ThreadedSimulator) -> None:
    async def main() -> tuple[Any, Any]:
        return status(), stop(delay=0)

    before, after = asyncio.run(main())
    assert (before.status, after.status) == ("RUNNING", "STOPPING")


def test_a_loop_that_cannot_be_made_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise OSError("Too many open files")

    monkeypatch.setattr(asyncio.events, "new_event_loop", fail)
    with pytest.raises(OSError, match="Too many open files"):
        status()


def test_from_async_code(simulator: ThreadedSimulator) -> None:
    instance = asyncio.run(astop(delay=0, wait=True))
    assert isinstance(instance, Instance)
    assert instance.status == "STOPPED"
    assert instance.attempt is not None
    assert (instance.attempt.source, instance.attempt.phase) == ("terminal", "stopped")


def test_cancelling_the_task_cancels_the_stop(simulator: ThreadedSimulator, capsys: pytest.CaptureFixture[str]) -> None:
    async def main() -> None:
        task = asyncio.ensure_future(astop(delay=60))
        while "in 60 s" not in (said := capsys.readouterr().out):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        assert "Cancelled" not in said
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert "Cancelled during the countdown: nothing was stopped." in capsys.readouterr().out
    assert simulator.count("stop") == 0


def test_a_dry_run_stops_nothing(simulator: ThreadedSimulator, capsys: pytest.CaptureFixture[str]) -> None:
    report = stop(dry_run=True)
    assert isinstance(report, Report)
    assert report.ok
    assert [check.name for check in report.checks] == [
        "identity",
        "credentials",
        "endpoint",
        "permission to read",
        "permission to stop",
        "clock",
        "Jupyter server",
    ]
    assert report.plan == [
        "Count down 10 s; an interrupt cancels the stop.",
        f"Request the stop of instance {simulator.instance_id} from the cloud.",
        "Return as soon as the stop is accepted.",
    ]
    assert simulator.instance.status == "RUNNING"
    assert simulator.count("stop") == 0
    output = capsys.readouterr().out
    assert "A stop would:" in output
    assert "environment variable INSTANCE_ID" in output
    assert not [secret for secret in secrets_of(simulator) if secret in output + repr(report)]


def test_a_dry_run_finds_what_is_wrong(simulator: ThreadedSimulator, monkeypatch: pytest.MonkeyPatch) -> None:
    simulator.settings.clock_skew = 3600.0
    report = stop(dry_run=True)
    failed = {check.name: check for check in report.checks if check.ok is False}
    assert set(failed) == {"permission to read", "clock"}
    assert re.search(r"\b(3600|35[89]\d) s behind", failed["clock"].detail)
    assert report.plan == []
    simulator.settings.clock_skew = 0.0

    monkeypatch.setenv("HUAWEICLOUD_SDK_SK", "")
    report = stop(dry_run=True)
    failed = {check.name: check for check in report.checks if check.ok is False}
    assert "credentials" in failed
    assert failed["credentials"].remedy

    monkeypatch.setenv("INSTANCE_ID", "")
    report = stop(dry_run=True)
    assert report.checks[0].ok is False
    assert "INSTANCE_ID" in report.checks[0].detail
    assert simulator.count("stop") == 0


def test_an_unreachable_endpoint_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        monkeypatch.setenv("MODELARTS_ENDPOINT", f"http://127.0.0.1:{deaf.getsockname()[1]}")
        report = stop(dry_run=True)
    failed = {check.name for check in report.checks if check.ok is False}
    assert {"endpoint", "permission to read"} <= failed


def test_errors_are_of_one_family_and_come_before_the_countdown(
    simulator: ThreadedSimulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    simulator.instance.status = "STARTING"
    with pytest.raises(InstanceStateError) as state:
        stop(delay=0)
    assert state.value.state == "STARTING"
    simulator.instance.status = "RUNNING"

    simulator.settings.deny("stop")
    with pytest.raises(PermissionDeniedError, match="modelarts:notebook:stop"):
        stop(delay=0)
    # The exception says the rest.
    assert capsys.readouterr().out.endswith("…\n")

    monkeypatch.setenv("HUAWEICLOUD_SDK_SECURITY_TOKEN", "wrong")
    with pytest.raises(CredentialsError):
        stop(delay=60)
    assert "in 60 s" not in capsys.readouterr().out

    monkeypatch.delenv("INSTANCE_ID")
    for function in (stop, status, wait):
        with pytest.raises(NotInInstanceError):
            function()


def test_who_may_not_read_may_still_stop(simulator: ThreadedSimulator) -> None:
    simulator.settings.deny("show")
    assert stop(delay=0).status in ("STOPPING", "STOPPED")
    assert simulator.count("stop") == 1


def test_wait_follows_a_stop_of_someone_else(simulator: ThreadedSimulator) -> None:
    with pytest.raises(InstanceStateError, match="No stop is in progress"):
        wait()
    simulator.instance.step_seconds = 0.3
    simulator.call(lambda s: s.instance.stop())
    assert wait(timeout=60).status == "STOPPED"
    assert wait().status == "STOPPED"


def test_wait_has_a_limit_and_tells_of_a_failure(simulator: ThreadedSimulator) -> None:
    simulator.instance.status = "STOPPING"
    with pytest.raises(UnreachableError, match="within"):
        wait(timeout=0.3)
    simulator.instance.status = "RUNNING"
    simulator.instance.stop_fails_with = "ERROR"
    with pytest.raises(StopFailedError):
        stop(delay=0, wait=True)


def test_the_settings_of_jupyters_configuration_files_are_read(
    place: Place, folders: dict[str, str], simulator: ThreadedSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MODELARTS_ENDPOINT")
    settings = {"NotebookStop": {"endpoint": simulator.endpoint}}
    with open(f"{folders['JUPYTER_CONFIG_DIR']}/jupyter_notebook_stop_config.json", "w", encoding="utf-8") as file:
        json.dump(settings, file)
    instance = status()
    assert instance.endpoint == simulator.endpoint
    assert instance.sources["endpoint"] == "c.NotebookStop.endpoint"


def test_a_request_whose_answer_was_lost_is_not_sent_twice(simulator: ThreadedSimulator) -> None:
    simulator.faults.add("stop", Refuse(504, "APIGW.0201"))
    with pytest.raises(OutcomeUnknownError, match="may still stop"):
        stop(delay=0)
    assert simulator.count("stop") == 1


@pytest.mark.parametrize("delay", [-1, float("nan"), float("inf")])
def test_a_countdown_of_no_length_in_time_is_refused(simulator: ThreadedSimulator, delay: float) -> None:
    with pytest.raises(ValueError, match="delay must be a number of seconds"):
        stop(delay=delay)
    assert simulator.count() == 0


def test_the_family_is_small() -> None:
    assert issubclass(CancelledStopError, jupyter_notebook_stop.NotebookStopError)
