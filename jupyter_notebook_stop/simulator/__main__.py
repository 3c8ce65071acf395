"""The simulator as a command: serves until a signal ends it.

The first line on standard output is one JSON object with everything that a
client needs; its keys are made up for this run.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
from collections.abc import Sequence

from .service import Simulator


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m jupyter_notebook_stop.simulator",
        description="Simulate the cloud's notebook service on this machine. The first line of output, a JSON object, "
        "holds the address, ids and keys that a client needs.",
    )
    parser.add_argument("--port", type=int, default=0, help="port to listen on; 0, the default, takes a free one")
    parser.add_argument(
        "--step-seconds",
        type=float,
        default=0.5,
        help="duration of each step of a stop (default: %(default)s)",
    )
    parser.add_argument("--instance-id", help="id of the instance; made up by default")
    parser.add_argument("--project-id", help="id of the project; made up by default")
    parser.add_argument("--deny-stop", action="store_true", help="refuse every stop with HTTP status 403")
    return parser.parse_args(arguments)


async def serve(options: argparse.Namespace) -> None:
    """Serve until a signal ends it."""
    loop, ending = asyncio.get_running_loop(), asyncio.Event()
    # Not loop.add_signal_handler, which Windows does not have.
    for name in ("SIGTERM", "SIGINT", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda *_: loop.call_soon_threadsafe(ending.set))
    simulator = Simulator(
        port=options.port,
        step_seconds=options.step_seconds,
        instance_id=options.instance_id,
        project_id=options.project_id,
    )
    if options.deny_stop:
        simulator.settings.deny("stop")
    async with simulator:
        print(json.dumps(simulator.description()), flush=True)
        await ending.wait()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    options = parse(arguments)
    try:
        asyncio.run(serve(options))
    except OSError as error:
        print(f"The simulator cannot listen on port {options.port}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
