"""Changes the policy in many small ways, one at a time, and tells which changes no test notices.

Usage: python -m tests.mutation [module ...]
"""

from __future__ import annotations

import json
import pathlib
import shutil
import sys
import tempfile
import time
from typing import Any

from .mutants import Mutant, mutants_of
from .targets import TARGETS
from .trial import ROOT, in_a_fork, preload, run_tests, watch_tests


def tests_for(mutant: Mutant, seen: dict[str, Any]) -> list[str]:
    """Return the tests that run the changed lines, the fastest first."""
    lines = set(range(mutant.first, mutant.last + 1))
    hits = [name for name, test in seen.items() if not mutant.first or lines.intersection(test["lines"])]
    return sorted(hits, key=lambda name: float(seen[name]["seconds"]))


def examine(name: str, folder: pathlib.Path) -> bool:
    """Print the survivors of a module; return whether its tests could be run."""
    path = ROOT / "jupyter_notebook_stop" / f"{name}.py"
    module = f"jupyter_notebook_stop.{name.replace('/', '.')}"
    output, result = folder / "output", folder / "seen.json"
    began = time.monotonic()
    outcome = in_a_fork(lambda: watch_tests(TARGETS[name], path, result), 900, output)
    if outcome.code != 0:
        print(f"{name}: its tests fail without any change:\n{outcome.output[-3000:]}")
        return False
    seen = json.loads(result.read_text(encoding="utf-8"))
    killed, survivors = 0, []
    for mutant in mutants_of(path.read_text(encoding="utf-8"), str(path)):
        tests = tests_for(mutant, seen)
        seconds = sum(seen[test]["seconds"] for test in tests)
        ended = None
        if tests:
            ended = in_a_fork(
                lambda tests=tests, code=mutant.code: run_tests(tests, module, code),  # type: ignore[misc]
                20 + 5 * seconds,
                output,
            )
        if ended is None or ended.code == 0:
            survivors.append(mutant)
            print(f"  {name}.py:{mutant.line}: {mutant.change}{'' if tests else '  (no test runs it)'}", flush=True)
        elif ended.code in (None, 1, 2, 70) or ended.code < 0:
            # A change that cannot even be imported is noticed as well, and so is a connection that stays open (70).
            killed += 1
        else:
            print(f"{name}.py:{mutant.line}: pytest itself failed ({ended.code}):\n{ended.output[-2000:]}")
            return False
    total = killed + len(survivors)
    print(
        f"{name}: {killed} of {total} noticed, {100 * killed / max(total, 1):.1f} %,"
        f" in {time.monotonic() - began:.0f} s",
        flush=True,
    )
    return True


def main() -> int:
    """Return 1 if a module could not be examined."""
    names = sys.argv[1:] or list(TARGETS)
    unknown = [name for name in names if name not in TARGETS]
    if unknown:
        print(f"Unknown: {', '.join(unknown)}. Known: {', '.join(TARGETS)}")
        return 2
    kept = preload()
    # No TemporaryDirectory: each fork would remove it at its end.
    folder = tempfile.mkdtemp(prefix="mutation-")
    try:
        results = [examine(name, pathlib.Path(folder)) for name in names]
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    assert kept
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
