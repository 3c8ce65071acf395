"""Measures everything, and writes docs/performance.md; with names, only these parts anew.

Usage: python -m benchmarks [--quick] [at_rest] [click] [call] [page] [growth]
"""

from __future__ import annotations

import argparse
import importlib
import sys
import time
import traceback

# It keeps the machine's own settings out, and has every process guarded against contact with another machine.
from tests import conftest as _guard  # noqa: F401

from . import report

PARTS = ("at_rest", "click", "call", "page", "growth")


def main() -> int:
    """Return 0 if all that was asked for could be measured."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="part", help=f"some of {', '.join(PARTS)}; all by default")
    parser.add_argument("--quick", action="store_true", help="measure less often, to see whether it works")
    parser.add_argument("--render", action="store_true", help="only write the page of what was found before")
    options = parser.parse_args()
    wanted = options.parts or PARTS
    if set(wanted) - set(PARTS):
        parser.error(f"the parts are {', '.join(PARTS)}")
    failed = []
    for name in () if options.render else wanted:
        begin = time.monotonic()
        print(f"{name} ...", flush=True)
        try:
            section = importlib.import_module(f"{__package__}.{name}").run(options.quick)
            section.trial = options.quick
            report.keep(name, section)
        except Exception:
            # The others are worth having all the same.
            traceback.print_exc()
            failed.append(name)
        print(f"{name}: {time.monotonic() - begin:.0f} s", flush=True)
    report.write(report.kept(PARTS))
    print(f"written: {report.DOCS / 'performance.md'}")
    if failed:
        print(f"NOT MEASURED, so that what was found before is shown: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
