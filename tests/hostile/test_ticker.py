"""A block of the event loop is noticed, whatever it is; a machine that stands still is none."""

from __future__ import annotations

import asyncio
import os
import pathlib
import signal
import socket
import subprocess
import sys
import threading
import time
from typing import Callable

import pytest

from ..waiting import LIMIT
from .conftest import judge_block, measured
from .ticker import Ticker, ticking

LONG = 0.8


def sleep() -> None:
    time.sleep(LONG)


def compute() -> None:
    end = time.thread_time() + LONG
    while time.thread_time() < end:
        pass


def ask_who_is_silent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, socket.create_connection(silent.getsockname()) as asking:
        asking.settimeout(LONG)
        with pytest.raises(socket.timeout):
            asking.recv(1)


def wait_for_a_thread() -> None:
    thread = threading.Thread(target=sleep)
    thread.start()
    thread.join()


def read_what_comes_late() -> None:
    reading, writing = os.pipe()
    late = threading.Timer(LONG, os.write, (writing, b"x"))
    late.start()
    os.read(reading, 1)
    late.join()
    os.close(reading)
    os.close(writing)


@pytest.mark.parametrize("block", [sleep, compute, ask_who_is_silent, wait_for_a_thread, read_what_comes_late])
def test_whatever_blocks_the_loop_is_noticed(block: Callable[[], None]) -> None:
    async def blocked() -> Ticker:
        async with ticking() as ticker:
            await asyncio.sleep(0.01)
            block()
            await asyncio.sleep(0.01)
        return ticker

    ticker = asyncio.run(blocked())
    if ticker.left_out > LONG / 2:
        # Other programs had the processors, or the machine stood still, at that very time: nothing can be told.
        ticker = asyncio.run(blocked())
    with pytest.raises(AssertionError, match="the event loop was blocked"):
        judge_block(ticker.worst)
    # It is no block of the extension's.
    measured.clear()


WAITING = """
import asyncio, sys
from tests.hostile.standstill import machine
from tests.hostile.ticker import ticking

async def main():
    async with ticking() as ticker:
        print(machine().pid, flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    print(ticker.worst)

asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere no time is left out")
@pytest.mark.parametrize("everything", [True, False], ids=["the machine", "the loop alone"])
def test_what_stands_still(everything: bool) -> None:
    here = pathlib.Path(__file__).parents[2]
    command = [sys.executable, "-c", WAITING]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=here) as process:
        assert process.stdout
        beside = int(process.stdout.readline())
        # What is beside stands still at least as long.
        stopped = [beside, process.pid] if everything else [process.pid]
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        time.sleep(LONG)
        for pid in reversed(stopped):
            os.kill(pid, signal.SIGCONT)
        said, _ = process.communicate("\n", timeout=LIMIT)
    if everything:
        judge_block(float(said))
    else:
        with pytest.raises(AssertionError, match="the event loop was blocked"):
            judge_block(float(said))
    measured.clear()
