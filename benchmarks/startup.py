"""What the extension adds to the start of a Jupyter server, as ratios measured side by side in one run.

Run: python benchmarks/startup.py
"""

from __future__ import annotations

import statistics
import subprocess
import sys

ROUNDS = 9
_MEASURE = "import sys, time; t = time.perf_counter(); {code}; print(time.perf_counter() - t, len(sys.modules))"
CASES = {
    "server": "import jupyter_server.serverapp",
    "server and extension": "import jupyter_server.serverapp, jupyter_notebook_stop.server.app",
    "with the HTTP client, as after the first use": (
        "import jupyter_server.serverapp, jupyter_notebook_stop.server.app;"
        "import jupyter_notebook_stop.modelarts.client, httpx;"
        "httpx.create_ssl_context()"
    ),
}


def measure(code: str) -> tuple[float, int]:
    """Return seconds and number of modules of one fresh interpreter."""
    done = subprocess.run(
        [sys.executable, "-c", _MEASURE.format(code=code)], capture_output=True, text=True, check=True
    )
    seconds, modules = done.stdout.split()
    return float(seconds), int(modules)


def main() -> None:
    """Measure all cases in turn, round after round, and print the medians as ratios."""
    seconds: dict[str, list[float]] = {name: [] for name in CASES}
    modules: dict[str, int] = {}
    for _ in range(ROUNDS):
        for name, code in CASES.items():
            taken, modules[name] = measure(code)
            seconds[name].append(taken)
    base = statistics.median(seconds["server"])
    for name in CASES:
        print(f"{name}: {statistics.median(seconds[name]) / base:.2f} of the server alone, {modules[name]} modules")


if __name__ == "__main__":
    main()
