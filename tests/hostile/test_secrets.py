"""Canaries in every secret, everything at DEBUG, and not one of them is seen anywhere."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import pathlib
import sys
import traceback
from typing import Any, Iterator, List

import pytest

from jupyter_notebook_stop.attempt import Attempt
from jupyter_notebook_stop.config import NotebookStop
from jupyter_notebook_stop.errors import NotebookStopError
from jupyter_notebook_stop.instance import ThisInstance
from jupyter_notebook_stop.simulator import Answer, Fault, ThreadedSimulator
from jupyter_notebook_stop.view import AtRisk, instance_of

from ..browser.conftest import RunningDemo
from ..conftest import instance_environment
from .matrix import CASES, Case
from .plain_server import PlainServer

pytestmark = pytest.mark.usefixtures("short_pauses")

AK, SK = "CANARYAK0123456789AB", "canary-sk-0123456789abcdefghijklmnopqrstuv"
SECURITY, TOKEN = "canary-security-token/+=/" + "s" * 900, "canary-auth-token-" + "t" * 300
JUPYTER = "canary-jupyter-token-0123456789"
CANARIES = (AK, SK, SECURITY, TOKEN, JUPYTER, "canary-", "CANARYAK")


def bare(text: str, where: str) -> None:
    for canary in CANARIES:
        at = text.find(canary)
        assert at < 0, f"{canary[:14]} is in {where}: ...{text[max(0, at - 60) : at]}"


class Collector(logging.Handler):
    """Keeps every record as it would be written, traceback and arguments included."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: List[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.name}: {self.format(record)} {record.args!r}")


@pytest.fixture
def collector() -> Iterator[Collector]:
    found, root = Collector(), logging.getLogger()
    names = ("", "httpx", "httpcore", "asyncio", "jupyter_notebook_stop")
    levels = {name: logging.getLogger(name).level for name in names}
    for name in names:
        logging.getLogger(name).setLevel(logging.DEBUG)
    root.addHandler(found)
    yield found
    root.removeHandler(found)
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


@pytest.fixture
def simulator() -> Iterator[ThreadedSimulator]:
    with ThreadedSimulator(step_seconds=0.02, lock_after=None) as running:
        running.keys.add(AK, SK, SECURITY)
        running.keys.add_token(TOKEN)
        running.instance.token = JUPYTER
        yield running


def keys(simulator: ThreadedSimulator, kind: str) -> dict[str, str]:
    given = {**instance_environment(simulator), "HUAWEICLOUD_SDK_AK": AK, "HUAWEICLOUD_SDK_SK": SK}
    given["HUAWEICLOUD_SDK_SECURITY_TOKEN"] = SECURITY
    return {**given, "MODELARTS_AUTH_TOKEN": TOKEN} if kind == "token" else given


def whole(error: BaseException) -> str:
    """Return all that can be said of an error: with what it was chained to, its attributes."""
    said = "".join(traceback.TracebackException.from_exception(error).format(chain=True))
    seen: List[str] = [said]
    next_: Any = error
    while next_ is not None:
        seen.append(f"{next_!r} {next_} {vars(next_)!r} {next_.args!r}")
        next_ = next_.__cause__ or next_.__context__
    return "\n".join(seen)


ECHO = (
    f"Incorrect IAM authentication information: canonicalRequest:POST\n/v1/\n\nx-security-token:{SECURITY}\n"
    f'x-auth-token: {TOKEN}\nAuthorization: SDK-HMAC-SHA256 Access={AK}, Signature=abc "token": "{JUPYTER}"'
)
"""What was sent can be echoed, named or not; the Jupyter token too where it is named."""


def echoes() -> List[Case]:
    from jupyter_notebook_stop.simulator.answers import ERROR_SHAPES, Refusal

    cases = []
    for status, code in ((401, "APIGW.0301"), (403, "ModelArts.0112"), (500, "ModelArts.6101"), (400, ECHO)):
        for shape in ERROR_SHAPES:
            reply = Refusal(status, code, ECHO, shape).reply(ECHO, shape)
            fault: Fault = Answer(status, reply.body.decode(), reply.content_type)
            for operation in ("show", "stop"):
                cases.append(Case(f"echo-{status}-{shape}", operation, fault, CASES[0].outcome, 0))
    return cases


SLOW = ("silence", "slow-drip", "throttled", "huge", "noise", "json", "empty", "error-")
PROVOKED = [*(case for case in CASES if not case.name.startswith(SLOW)), *echoes()]


@pytest.mark.parametrize("kind", ["keys", "token"])
def test_whatever_goes_wrong_nothing_secret_is_seen(
    simulator: ThreadedSimulator, collector: Collector, capfd: pytest.CaptureFixture[str], kind: str
) -> None:
    seen: List[str] = []

    async def provoke(case: Case) -> None:
        config = NotebookStop(connect_timeout=0.4, read_timeout=0.5, total_timeout=0.6, poll_interval=0.02)
        this = ThisInstance(config, environ=keys(simulator, kind), hostname="somewhere")
        simulator.faults.add(case.operation, case.faults, case.times)
        error = None
        try:
            await (this.show() if case.operation == "show" else this.stop(Attempt(save="none")))
        except NotebookStopError as caught:
            error = caught
            seen.append(whole(caught))
        view = instance_of(this, AtRisk(), error)
        seen.append(f"{view!r} {view._repr_mimebundle_()!r} {this.latest!r} {this.attempt!r} {vars(this)!r}")
        await this.aclose()
        simulator.faults.clear()
        simulator.instance.status = "RUNNING"

    async def main() -> None:
        asyncio.get_running_loop().set_debug(True)
        for case in PROVOKED:
            await provoke(case)

    asyncio.run(main())
    assert len(seen) >= 2 * len(echoes())
    for text in seen:
        bare(text, "an error or a view")
    assert any(line.startswith("httpcore") for line in collector.lines), "the debug log was on"
    for line in collector.lines:
        bare(line, "the log")
    bare("".join(capfd.readouterr()), "the output")
    bare(repr(sys.argv), "the arguments")


@pytest.mark.parametrize("kind", ["keys", "token"])
def test_a_real_server_and_its_files(simulator: ThreadedSimulator, tmp_path: pathlib.Path, kind: str) -> None:
    simulator.settings.echo_canonical_request = True
    environment = keys(simulator, kind)
    server = PlainServer(tmp_path / "server", simulator, arguments=["--log-level=DEBUG"], **environment)
    try:
        said: List[str] = []
        for case in echoes()[:14]:
            simulator.faults.add(case.operation, case.faults)
            said.append(repr(server.view()))
            body = {"instance_id": simulator.instance_id, "save": "none"}
            said.append(repr(server.fetch("POST", "jupyter-notebook-stop/stop", body)))
            simulator.faults.clear()
        # The gateway itself echoes what was signed with a wrong key.
        simulator.keys.add(AK, "another-secret-key", SECURITY)
        said.append(repr(server.fetch("POST", "jupyter-notebook-stop/stop", body)))
        for text in said:
            bare(text, "an answer")
        arguments = pathlib.Path(f"/proc/{server.process.pid}/cmdline")
        if arguments.exists():
            bare(arguments.read_text(encoding="utf-8"), "the arguments of the server")
    finally:
        server.close()
    for path in tmp_path.rglob("*"):
        if path.is_file():
            bare(path.read_bytes().decode("utf-8", "replace"), str(path))


def test_the_environment_was_not_touched() -> None:
    bare(repr(dict(os.environ)), "the environment")


def descendants(pid: int) -> List[int]:
    found = []
    for entry in pathlib.Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if int(entry.read_text(encoding="utf-8").rpartition(")")[2].split()[1]) == pid:
                child = int(entry.parent.name)
                found += [child, *descendants(child)]
    return found


def test_no_process_of_the_demo_has_a_secret_among_its_arguments() -> None:
    demo = RunningDemo()
    try:
        children = descendants(demo.process.pid)
        assert children
        kept = [pathlib.Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0") for pid in children]
        names = ("HUAWEICLOUD_SDK_AK=", "HUAWEICLOUD_SDK_SK=", "HUAWEICLOUD_SDK_SECURITY_TOKEN=", "JUPYTER_TOKEN=")
        secrets = {line.partition("=")[2] for lines in kept for line in lines if line.startswith(names)}
        assert len(secrets) == len(names)
        for pid in (demo.process.pid, *children):
            arguments = pathlib.Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8")
            assert not any(secret in arguments for secret in secrets), f"process {pid} shows a secret"
        # The address with the Jupyter token is what the demo is there to print; nothing else is.
        shown = [secret for secret in secrets if secret in demo.output.replace(demo.url, "")]
        assert shown == []
    finally:
        demo.interrupt()
        assert demo.process.stdout is not None
        demo.process.stdout.close()
