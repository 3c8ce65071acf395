"""A Jupyter server with many kernels, and what it takes to look at what they do."""

from __future__ import annotations

import gc
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
from typing import Any, Sequence

from .measure import environment

_SPEC = {"argv": ["sleep", "infinity"], "display_name": "Nothing", "language": "none"}


def measure(counts: Sequence[int], looks: int) -> dict[float, tuple[float, float]]:
    """Return the seconds of one look for each kernel, and the MB that looking has left, by the number of kernels."""
    with tempfile.TemporaryDirectory() as home:
        folder = pathlib.Path(home, "data", "kernels", "nothing")
        folder.mkdir(parents=True)
        (folder / "kernel.json").write_text(json.dumps(_SPEC), encoding="utf-8")
        command = [sys.executable, "-m", "benchmarks.kernels", str(looks), *map(str, counts)]
        done = subprocess.run(command, env=environment({}, home), cwd=home, capture_output=True, text=True, timeout=600)
    if done.returncode:
        raise RuntimeError(done.stderr[-3000:])
    return {int(count): tuple(cost) for count, cost in json.loads(done.stdout.splitlines()[-1]).items()}


async def _grow(server: Any, counts: Sequence[int], looks: int) -> dict[int, tuple[float, float]]:
    import psutil

    from jupyter_notebook_stop.server.activity import Activity

    activity = Activity(server)
    process, found = psutil.Process(), {}
    ids: list[str] = []
    left = 0
    for count in counts:
        while len(ids) < count:
            session = await server.session_manager.create_session(
                path=f"{len(ids)}.ipynb", name=f"{len(ids)}.ipynb", type="notebook", kernel_name="nothing"
            )
            ids.append(session["kernel"]["id"])
            server.kernel_manager.get_kernel(ids[-1]).execution_state = "busy"
        taken = []
        gc.collect()
        before = process.memory_full_info().uss
        for _ in range(looks):
            gc.collect()
            # Of this thread alone: the sockets of the kernels have one of their own.
            begin = time.thread_time()
            at_risk = await activity.at_risk()
            taken.append(time.thread_time() - begin)
            if len(at_risk.kernels) != count:
                raise RuntimeError(f"{len(at_risk.kernels)} of {count} kernels are busy")
        # What Jupyter itself holds of a kernel is not counted.
        left += process.memory_full_info().uss - before
        found[count] = (statistics.median(taken) / count, left / 1e6)
    for kernel_id in ids:
        process_id = server.kernel_manager.get_kernel(kernel_id).provisioner.process.pid
        os.kill(process_id, 9)
    return found


def main() -> None:
    """Start kernels, look at them, and print the costs."""
    from .child_server import bare_server

    looks, *counts = map(int, sys.argv[1:])
    server = bare_server(None)
    server.kernel_manager.cull_idle_timeout = 0
    found = server.io_loop.run_sync(lambda: _grow(server, counts, looks))
    print(json.dumps(found), flush=True)
    # The kernels are gone, and to ask each of them to end would take minutes.
    os._exit(0)


if __name__ == "__main__":
    main()
