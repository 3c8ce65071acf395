"""Calls that may hang or raise anything at all."""

from __future__ import annotations

import asyncio
import pathlib
import subprocess
import sys
import threading
import time
from typing import Any, Callable, NoReturn

import pytest

import jupyter_notebook_stop
from jupyter_notebook_stop.modelarts.threads import call_in_thread


def raising(error: BaseException) -> Callable[[], NoReturn]:
    def function() -> NoReturn:
        raise error

    return function


def call(function: Callable[[], Any], timeout: float = 5.0) -> Any:
    return asyncio.run(call_in_thread(function, timeout))


def test_the_result_comes_from_a_daemon_thread() -> None:
    assert call(lambda: (threading.current_thread().daemon, threading.current_thread() is threading.main_thread())) == (
        True,
        False,
    )


@pytest.mark.parametrize("kind", [ValueError, OSError, StopAsyncIteration, AssertionError])
def test_an_exception_comes_as_it_is(kind: type[Exception]) -> None:
    error = kind("x")
    with pytest.raises(kind) as caught:
        call(raising(error))
    assert caught.value is error


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt, GeneratorExit, asyncio.CancelledError, StopIteration])
def test_what_would_end_more_than_the_call_comes_as_an_error(kind: type[BaseException]) -> None:
    began = time.monotonic()
    with pytest.raises(RuntimeError, match=kind.__name__):
        call(raising(kind("x")), timeout=60.0)
    assert time.monotonic() - began < 30


def test_a_call_that_hangs_is_left_to_itself() -> None:
    release = threading.Event()
    began = time.monotonic()
    with pytest.raises(asyncio.TimeoutError):
        call(lambda: release.wait(60), timeout=0.05)
    release.set()
    assert time.monotonic() - began < 30


def test_a_late_result_disturbs_nobody() -> None:
    release = threading.Event()
    ended = threading.Event()
    troubles: list[Any] = []

    def late() -> str:
        release.wait(10)
        ended.set()
        return "late"

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: troubles.append(context))
        with pytest.raises(asyncio.TimeoutError):
            await call_in_thread(late, 0.02)
        release.set()
        ended.wait(10)
        await asyncio.sleep(0.02)

    asyncio.run(main())
    assert not troubles


def test_the_loop_may_be_closed_before_the_call_ends() -> None:
    release = threading.Event()
    before = set(threading.enumerate())
    with pytest.raises(asyncio.TimeoutError):
        call(lambda: release.wait(10), timeout=0.02)
    (thread,) = set(threading.enumerate()) - before
    release.set()
    # An error of its own would come as a warning about the thread, which is an error here.
    thread.join(5)
    assert not thread.is_alive()


SLEEPER = """
import asyncio, time
from jupyter_notebook_stop.modelarts.credentials import CredentialChain, Credentials
from jupyter_notebook_stop.redaction import Secret

async def main():
    second = Credentials(source="second", auth_token=Secret("t"))
    chain = CredentialChain([("first", lambda: time.sleep(600)), ("second", lambda: second)], timeout=0.1)
    asking = asyncio.ensure_future(chain.get())
    while not chain._hanging:
        await asyncio.sleep(0)
    # The second may take its time.
    chain._timeout = 60.0
    return (await asking).source

print(asyncio.run(main()), flush=True)
"""


def test_a_hanging_source_delays_neither_the_next_nor_the_exit() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", SLEEPER],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        cwd=pathlib.Path(jupyter_notebook_stop.__file__).parents[1],
    )
    assert (done.stdout.strip(), done.stderr, done.returncode) == ("second", "", 0)
