"""The stand-in in a process of its own, so that it does not compete with the client that is measured.

A stop is accepted and then never happens, so that it can be asked for again and again. The first line of output is one
JSON object with what a client needs.

Usage: python -m benchmarks.stand_in
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
from typing import Iterator

from jupyter_notebook_stop.simulator import DropStop, ThreadedSimulator

from .report import ROOT


@contextlib.contextmanager
def stand_in() -> Iterator[dict[str, str]]:
    """Run it; yield the environment of a process inside its instance."""
    command = [sys.executable, "-m", "benchmarks.stand_in"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.stdin.close()


def main() -> None:
    """Serve until standard input ends."""
    with ThreadedSimulator() as simulator:
        simulator.faults.add("stop", DropStop(), times=None)
        print(json.dumps(simulator.environment()), flush=True)
        ended = threading.Event()

        def wait_for_the_end() -> None:
            sys.stdin.read()
            ended.set()

        threading.Thread(target=wait_for_the_end, daemon=True).start()
        while not ended.wait(0.2):
            simulator.requests.clear()


if __name__ == "__main__":
    main()
