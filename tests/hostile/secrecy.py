"""Everything a hostile test sees, at DEBUG, and the search for secrets in it.

The throw-away credentials of each stand-in, the token that its instances
have, and what a test adds to them must be in nothing that was noted.
"""

from __future__ import annotations

import contextlib
import logging
import pathlib
import traceback
from typing import Any, Iterator, List, Set

import pytest
from jupyter_events import EventLogger
from tornado.concurrent import Future
from tornado.httpclient import AsyncHTTPClient, HTTPClientError

from jupyter_notebook_stop.simulator import Simulator

PART = 12
"""So many characters of a secret are searched for."""

LOGGERS = ("", "httpx", "httpcore", "asyncio", "jupyter_notebook_stop")


def whole(error: BaseException) -> str:
    """Return all that can be said of an error: with what it was chained to, its attributes."""
    seen = ["".join(traceback.TracebackException.from_exception(error).format(chain=True))]
    next_: Any = error
    while next_ is not None:
        seen.append(f"{next_!r} {next_} {vars(next_)!r} {next_.args!r}")
        next_ = next_.__cause__ or next_.__context__
    return "\n".join(seen)


def parts(secret: str) -> Set[str]:
    """Return what gives a secret away: all of it or, of a long one, its middle or end, however the rest is written."""
    middle = len(secret) // 2
    return {secret, secret[middle : middle + PART], secret[-PART:]} if len(secret) >= 2 * PART else {secret}


class Witness(logging.Handler):
    """Keeps what is logged, answered, raised and put on the event bus, as it would be read.

    Attributes
    ----------
    lines
        What was noted, each behind where it was seen.
    secrets
        What must not be in them.
    """

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: List[str] = []
        self.secrets: Set[str] = set()
        self._simulators: List[Simulator] = []

    def note(self, where: str, what: Any) -> None:
        """Keep something; an error with all that can be said of it."""
        self.lines.append(f"{where}: {whole(what) if isinstance(what, BaseException) else what}")

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record as it would be written, with its traceback and arguments."""
        self.note(f"log {record.name}", f"{self.format(record)} {record.args!r}")

    def files(self, folder: pathlib.Path) -> None:
        """Keep the content of each file."""
        for path in folder.rglob("*"):
            if path.is_file():
                self.note(str(path), path.read_bytes().decode("utf-8", "replace"))

    def seen(self, where: str) -> List[str]:
        """Return what was noted there."""
        return [line for line in self.lines if line.startswith(where)]

    def know(self, simulator: Simulator) -> None:
        """Have a stand-in's credentials searched for, and echoed wherever it can."""
        simulator.settings.echo_canonical_request = True
        self._simulators.append(simulator)

    def search(self) -> None:
        """Fail if a secret is anywhere."""
        known = set(self.secrets)
        for simulator in self._simulators:
            known |= {simulator.access_key, simulator.secret_key, simulator.security_token, simulator.auth_token}
            known |= {instance.token for instance in simulator.instances.values()}
        for line in self.lines:
            for secret in filter(None, known):
                for part in parts(secret):
                    at = line.find(part)
                    assert at < 0, f"{secret[:14]} is seen in {line[:60]} ... {line[max(0, at - 60) : at]}"


@contextlib.contextmanager
def witnessing(patch: pytest.MonkeyPatch) -> Iterator[Witness]:
    """Switch everything to DEBUG and keep what is seen meanwhile."""
    witness = Witness()
    begin, emit, ask = Simulator.__init__, EventLogger.emit, AsyncHTTPClient.fetch

    def known(self: Simulator, *arguments: Any, **options: Any) -> None:
        begin(self, *arguments, **options)
        witness.know(self)

    def emitted(self: EventLogger, **event: Any) -> Any:
        witness.note("event", event)
        return emit(self, **event)

    def answered(future: Future[Any]) -> None:
        error = future.exception()
        response = error.response if isinstance(error, HTTPClientError) else None if error else future.result()
        if response is not None:
            witness.note("answer", f"{[*response.headers.get_all()]} {response.body!r}")

    def asked(self: AsyncHTTPClient, *arguments: Any, **options: Any) -> Any:
        future = ask(self, *arguments, **options)
        future.add_done_callback(answered)
        return future

    patch.setattr(Simulator, "__init__", known)
    patch.setattr(EventLogger, "emit", emitted)
    patch.setattr(AsyncHTTPClient, "fetch", asked)
    loggers = [logging.getLogger(name) for name in LOGGERS]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
    logging.getLogger().addHandler(witness)
    try:
        yield witness
    finally:
        logging.getLogger().removeHandler(witness)
        for logger, level in zip(loggers, levels):
            logger.setLevel(level)
