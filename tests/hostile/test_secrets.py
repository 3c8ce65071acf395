"""Canaries in every secret, everything at DEBUG, and not one of them is seen anywhere."""

# nbformat carries no types.
# mypy: disallow-untyped-calls=False

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import pathlib
import sys
from typing import Any, Callable, Dict, List

import nbformat
import pytest
from nbclient import NotebookClient

from jupyter_notebook_stop.config import NotebookStop
from jupyter_notebook_stop.errors import CredentialsError, NotebookStopError
from jupyter_notebook_stop.modelarts.connection import Connection
from jupyter_notebook_stop.notebook.rendering import instance_html, instance_text
from jupyter_notebook_stop.policy.instance import ThisInstance
from jupyter_notebook_stop.schema import Attempt
from jupyter_notebook_stop.simulator import Answer, Fault, ThreadedSimulator

from ..conftest import instance_environment
from ..server.conftest import Fetch
from ..servers import RunningDemo
from .canaries import AK, CANARIES, ECHO, SECURITY, SK, TOKEN, simulator
from .matrix import CASES, Case
from .plain_server import PlainServer
from .secrecy import Witness, whole

__all__ = ["simulator"]

pytestmark = pytest.mark.usefixtures("short_pauses")


@pytest.fixture(autouse=True)
def canaries(witness: Witness) -> None:
    """Have these searched for as well: some are longer and of other characters than the stand-in's own."""
    witness.secrets.update(CANARIES)


@pytest.fixture
def environment(simulator: ThreadedSimulator, monkeypatch: pytest.MonkeyPatch) -> Dict[str, str]:
    """Make this process one inside the instance, with the canaries."""
    given = keys(simulator, "keys")
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    return given


@pytest.fixture
def stop_config() -> Dict[str, Any]:
    return {"poll_interval": 0.02, "roll_call_timeout": 0.1, "save_timeout": 0.2, "total_timeout": 1.0}


def keys(simulator: ThreadedSimulator, kind: str) -> dict[str, str]:
    given = {**instance_environment(simulator), "HUAWEICLOUD_SDK_AK": AK, "HUAWEICLOUD_SDK_SK": SK}
    given["HUAWEICLOUD_SDK_SECURITY_TOKEN"] = SECURITY
    return {**given, "MODELARTS_AUTH_TOKEN": TOKEN} if kind == "token" else given


def echoes() -> List[Case]:
    from jupyter_notebook_stop.simulator import ERROR_SHAPES, Refusal

    cases = []
    for status, code in ((401, "APIGW.0301"), (403, "ModelArts.0112"), (500, "ModelArts.6101"), (400, ECHO)):
        for shape in ERROR_SHAPES:
            response = Refusal(status, code, ECHO, shape).response(ECHO, shape)
            fault: Fault = Answer(status, response.body.decode(), response.content_type)
            for operation in ("show", "stop"):
                cases.append(Case(f"echo-{status}-{shape}", operation, fault, CASES[0].outcome, 0))
    return cases


SLOW = ("silence", "slow-drip", "throttled", "huge", "noise", "json", "empty", "error-")
PROVOKED = [*(case for case in CASES if not case.name.startswith(SLOW)), *echoes()]


@pytest.mark.parametrize("kind", ["keys", "token"])
def test_whatever_goes_wrong_nothing_secret_is_seen(simulator: ThreadedSimulator, witness: Witness, kind: str) -> None:
    async def provoke(case: Case) -> None:
        config = NotebookStop(connect_timeout=0.4, read_timeout=0.5, total_timeout=0.6, poll_interval=0.02)
        this = ThisInstance(Connection(config, environ=keys(simulator, kind), hostname="somewhere"))
        simulator.faults.add(case.operation, case.faults, case.times)
        error = None
        try:
            await (this.show() if case.operation == "show" else this.stop(Attempt(save="none")))
        except NotebookStopError as caught:
            error = caught
            witness.note("error", caught)
        view = this.view(error=error)
        shown = instance_text(view) + instance_html(view)
        witness.note("view", f"{view!r} {shown} {this.latest!r} {this.attempt!r} {vars(this)!r}")
        await this.aclose()
        simulator.faults.clear()
        simulator.instance.status = "RUNNING"

    async def main() -> None:
        asyncio.get_running_loop().set_debug(True)
        for case in PROVOKED:
            await provoke(case)

    asyncio.run(main())
    assert len(witness.seen("error")) >= len(echoes())
    assert len(witness.seen("view")) == len(PROVOKED)
    assert witness.seen("log httpcore"), "the debug log is off"


@pytest.mark.parametrize("case", echoes()[:14], ids=lambda case: f"{case.operation}-{case.name}")
async def test_what_a_page_is_answered_and_told(
    simulator: ThreadedSimulator, witness: Witness, fetch: Fetch, case: Case
) -> None:
    simulator.faults.add(case.operation, case.faults)
    await fetch("GET", "instance")
    # A 401 to the look would keep the stop from being sent.
    simulator.faults.clear()
    simulator.faults.add("stop", case.faults, times=None)
    body = {"instance_id": simulator.instance_id, "source": "api", "save": "all"}
    _, problem = await fetch("POST", "stop", body=body)
    assert problem["message"]
    assert len(witness.seen("answer")) >= 2
    # What every tab hears, and the record of the attempt.
    assert any("refused" in event for event in witness.seen("event"))
    assert witness.seen("log httpcore")
    assert witness.seen("log ServerApp")


@pytest.mark.parametrize("kind", ["keys", "token"])
def test_a_real_server_and_its_files(simulator: ThreadedSimulator, tmp_path: pathlib.Path, kind: str) -> None:
    server = PlainServer(tmp_path / "server", simulator, **keys(simulator, kind))
    try:
        body = {"instance_id": simulator.instance_id, "save": "none"}
        for case in echoes()[:14]:
            simulator.faults.add(case.operation, case.faults)
            server.view()
            server.ask("POST", "jupyter-notebook-stop/stop", body)
            simulator.faults.clear()
        # The gateway itself echoes what was signed with a wrong key.
        simulator.keys.add(AK, "another-secret-key", SECURITY)
        server.ask("POST", "jupyter-notebook-stop/stop", body)
    finally:
        server.close()
    assert "[D " in server.log.read_text(encoding="utf-8"), "the debug log is off"


CELLS = [
    "%xmode Verbose\nimport logging, warnings\nlogging.basicConfig(level=logging.DEBUG, force=True)",
    "import jupyter_notebook_stop as jns\nprint(jns.status(), repr(jns.status()))\njns.status()",
    "%load_ext jupyter_notebook_stop\n%stop_instance --dry-run",
    "jns.stop(delay=0, save=False)",
    "try:\n    jns.stop(delay=0, save=False)\nexcept Exception as error:\n"
    "    print(repr(error), error, vars(error), error.args, error.__cause__, error.__context__)",
    "await jns.astop(delay=0, save=False)",
    # A cell is shown one line; here the whole way, with every variable on it.
    "try:\n    jns.stop(delay=0, save=False)\nexcept Exception as error:\n    del error._render_traceback_\n    raise",
    "%tb",
]


@pytest.mark.parametrize("served", [True, False], ids=["beside-a-server", "alone"])
@pytest.mark.parametrize("kind", ["keys", "token"])
def test_what_a_cell_shows(
    simulator: ThreadedSimulator, witness: Witness, tmp_path: pathlib.Path, kind: str, served: bool
) -> None:
    given = {**keys(simulator, kind), "JUPYTER_RUNTIME_DIR": str(tmp_path / "server" / "runtime")}
    server = PlainServer(tmp_path / "server", simulator, **given) if served else None
    simulator.faults.add("stop", Answer(401, ECHO), times=None)
    notebook: Any = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    environment = {**os.environ, **given, "IPYTHONDIR": str(tmp_path / "ipython"), "PYTHONUNBUFFERED": "1"}
    try:
        client = NotebookClient(notebook, timeout=60, allow_errors=True, kernel_name="python3")
        client.execute(env=environment, cwd=str(tmp_path))
    finally:
        if server is not None:
            server.close()
    written = tmp_path / "executed.ipynb"
    nbformat.write(notebook, written)
    text = written.read_text(encoding="utf-8")
    for sign in ("CredentialsError", "DEBUG:httpcore", "NotebookDisplay object at"):
        assert sign in text, "the cells did not show what they should"


def test_the_environment_was_not_touched(witness: Witness) -> None:
    witness.note("environment", dict(os.environ))


def of_process(pid: int, name: str) -> str:
    """Return what Linux tells of a process: nothing any more once it has ended."""
    # It may be gone before the file is opened, or between that and reading it.
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return pathlib.Path(f"/proc/{pid}/{name}").read_text(encoding="utf-8")
    return ""


def descendants(pid: int) -> List[int]:
    parents = {}
    for entry in pathlib.Path("/proc").glob("[0-9]*"):
        fields = of_process(int(entry.name), "stat").rpartition(")")[2].split()
        if fields:
            parents[int(entry.name)] = int(fields[1])
    found = [pid]
    for each in found:
        found += [child for child, parent in parents.items() if parent == each]
    return found[1:]


def test_no_process_of_the_demo_has_a_secret_among_its_arguments() -> None:
    demo = RunningDemo()
    try:
        children = descendants(demo.process.pid)
        assert children
        kept = [of_process(pid, "environ").split("\0") for pid in children]
        names = ("HUAWEICLOUD_SDK_AK=", "HUAWEICLOUD_SDK_SK=", "HUAWEICLOUD_SDK_SECURITY_TOKEN=", "JUPYTER_TOKEN=")
        secrets = {line.partition("=")[2] for lines in kept for line in lines if line.startswith(names)}
        assert len(secrets) == len(names)
        for pid in (demo.process.pid, *children):
            arguments = of_process(pid, "cmdline")
            assert not any(secret in arguments for secret in secrets), f"process {pid} shows a secret"
        # The address with the Jupyter token is what the demo is there to print; nothing else is.
        shown = [secret for secret in secrets if secret in demo.output.replace(demo.url, "")]
        assert shown == []
    finally:
        demo.close()


Leak = Callable[[str, pathlib.Path], None]


def leak_to_a_log(secret: str, folder: pathlib.Path) -> None:
    logging.getLogger("httpcore.connection").debug("sent %r", {"token": secret})


def leak_to_the_output(secret: str, folder: pathlib.Path) -> None:
    print(secret)


def leak_to_a_file(secret: str, folder: pathlib.Path) -> None:
    (folder / "left-over").write_text(f"x{secret}", encoding="utf-8")


def leak_to_a_chained_error(secret: str, folder: pathlib.Path) -> None:
    try:
        raise KeyError(secret)
    except KeyError:
        error = CredentialsError("Nothing.")
        error.__context__ = sys.exc_info()[1]
    logging.getLogger("tests").debug("%s", whole(error))


@pytest.mark.parametrize(
    "leak", [leak_to_a_log, leak_to_the_output, leak_to_a_file, leak_to_a_chained_error], ids=lambda leak: leak.__name__
)
def test_a_leak_would_be_found(
    witness: Witness,
    tmp_path: pathlib.Path,
    capfd: pytest.CaptureFixture[str],
    leak: Callable[[str, pathlib.Path], None],
) -> None:
    with ThreadedSimulator() as simulator:
        leak(simulator.security_token, tmp_path)
    witness.note("output", "".join(capfd.readouterr()))
    witness.files(tmp_path)
    with pytest.raises(AssertionError, match="simulated-secu is seen"):
        witness.search()
    # Or the search at the test's own end would find it too.
    witness.lines.clear()
    (tmp_path / "left-over").unlink(missing_ok=True)
