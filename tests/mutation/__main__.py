"""Changes the policy in many small ways, one at a time, and tells which changes no test notices.

Usage: python -m tests.mutation [--again FILE] [--sample N] [module ...]

With --again only those changes are tried that FILE, the output of an earlier run, names as survivors. With --sample
so many changes of each module are tried, always the same ones.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from typing import Callable, Optional

from .mutants import mutants_of
from .targets import PAGE, TARGETS
from .trial import ROOT, Trials

_SURVIVOR = re.compile(r"^ +(\S+\.py:\d+:\d+: .*?)(  \(no test runs it\))?$", re.MULTILINE)


def examine(name: str, options: argparse.Namespace, again: Optional[set[str]], tell: Callable[[str], None]) -> bool:
    """Tell the survivors of a module; return whether its tests could be run."""
    path = ROOT / "jupyter_notebook_stop" / f"{name}.py"
    mutants = list(mutants_of(path.read_text(encoding="utf-8"), str(path)))
    if again is not None:
        mutants = [mutant for mutant in mutants if f"{name}.py:{mutant}" in again]
    if options.sample is not None and options.sample < len(mutants):
        mutants = sorted(random.Random(0).sample(mutants, options.sample), key=lambda mutant: mutant.line)
    if not mutants:
        return True
    began = time.monotonic()
    # No TemporaryDirectory: each fork would remove it at its end.
    folder = tempfile.mkdtemp(prefix="mutation-")
    try:
        module = f"jupyter_notebook_stop.{name.replace('/', '.')}"
        trials = Trials(module, path, TARGETS[name], pathlib.Path(folder), tell)
        failure = trials.run(mutants)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if failure:
        tell(f"{name}: its tests fail without any change:\n{failure}")
        return False
    noticed = len(mutants) - trials.survived
    tell(
        f"{name}: {noticed} of {len(mutants)} noticed, {100 * noticed / len(mutants):.1f} %,"
        f" {trials.late} of them by their time, in {time.monotonic() - began:.0f} s"
    )
    return True


def main() -> int:
    """Return 1 if a module could not be examined."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__.partition("\n")[0])
    parser.add_argument("modules", nargs="*", metavar="module", help=", ".join([*TARGETS, PAGE]))
    parser.add_argument("--sample", type=int, metavar="N", help="try N changes of each module, always the same")
    parser.add_argument("--again", type=pathlib.Path, metavar="FILE", help="try the survivors in FILE alone")
    options = parser.parse_args()
    names = options.modules or [*TARGETS, PAGE]
    unknown = [name for name in names if name not in TARGETS and name != PAGE]
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}; known are {', '.join([*TARGETS, PAGE])}")
    again = None
    if options.again:
        again = {match[1] for match in _SURVIVOR.finditer(options.again.read_text(encoding="utf-8"))}
    # What is told gets around the redirections of the forks.
    with open(os.dup(1), "w", encoding="utf-8") as stream:

        def tell(text: str) -> None:
            print(text, file=stream, flush=True)

        results = [examine(name, options, again, tell) for name in names if name != PAGE]
    if PAGE in names:
        given = [] if options.sample is None else [f"--sample={options.sample}"]
        given += [f"--again={options.again.resolve()}"] if options.again else []
        command = ["npm", "run", "--silent", "mutation", "--", *given]
        results.append(subprocess.run(command, cwd=ROOT / "labextension", check=False).returncode == 0)
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
