"""Fresh processes side by side, and what a process has used."""

from __future__ import annotations

import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from typing import Any, Callable, Dict, List, Mapping, TypeVar

import psutil

from .report import ROOT

T = TypeVar("T")


def environment(given: Mapping[str, str], home: str) -> dict[str, str]:
    """Return the environment of a process that is in an instance or not, with nothing of this machine's own."""
    # What pip has installed is compiled; so must be what runs from its sources, which the first round sees to.
    own = (
        "PYTHONDONTWRITEBYTECODE",
        "HUAWEICLOUD_SDK_",
        "MODELARTS_",
        "HC_CONTAINER_",
        "JUPYTER_",
        "INSTANCE_ID",
        "PROJECT_ID",
    )
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(own) and not name.lower().endswith("_proxy")
    }
    folders = {f"JUPYTER_{kind}_DIR": f"{home}/{kind.lower()}" for kind in ("CONFIG", "DATA", "RUNTIME")}
    return {**kept, **folders, "HOME": home, "PYTHONPATH": str(ROOT), "JUPYTER_PLATFORM_DIRS": "0", **given}


def fresh(command: List[str], given: Mapping[str, str]) -> Dict[str, Any]:
    """Run a Python process of its own; return the JSON object on the last line of its output, and how long it took."""
    with tempfile.TemporaryDirectory() as home:
        begin = time.monotonic()
        done = subprocess.run(
            [sys.executable, *command],
            env={**environment(given, home), "BENCHMARK_BEGAN": repr(begin)},
            capture_output=True,
            text=True,
            cwd=home,
            timeout=120,
        )
        seconds = time.monotonic() - begin
    if done.returncode:
        raise RuntimeError(f"{command}: {done.stderr[-2000:]}")
    found = json.loads(done.stdout.splitlines()[-1])
    assert isinstance(found, dict)
    return {**found, "process": seconds}


def interleaved(cases: Mapping[str, Callable[[], T]], rounds: int) -> Dict[str, List[T]]:
    """Measure all cases in each round, in random order, after one round that only warms up."""
    found: Dict[str, List[T]] = {name: [] for name in cases}
    for number in range(rounds + 1):
        for name in random.sample([*cases], len(cases)):
            value = cases[name]()
            if number:
                found[name].append(value)
    return found


def medians(found: Mapping[str, List[Dict[str, float]]], key: str) -> Dict[str, float]:
    """Return the median of one figure for each case."""
    return {name: statistics.median(each[key] for each in values) for name, values in found.items()}


def used(process: Any) -> tuple[float, float]:
    """Return the seconds that a process has computed, and the memory that is its own, in MB."""
    return _computed(process), process.memory_full_info().uss / 1e6


def _computed(process: Any) -> float:
    if sys.platform == "linux":
        # The clock of its processor time, as clock_getcpuclockid(3) names it: to the nanosecond, where /proc has ticks.
        return time.clock_gettime((~process.pid << 3) | 2)
    times = process.cpu_times()
    return float(times.user + times.system)


def process_of(pid: int) -> Any:
    """Return a process to ask what it has used."""
    return psutil.Process(pid)
