"""Runs the tests of a module in forks, on one mutant after the other.

Most mutants change a function. Their tests are collected once, in a fork of this process; each mutant then has a fork
of that one, in which the function's code is replaced. What changes a module while it is imported begins anew.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import pathlib
import signal
import sys
from types import CodeType
from typing import Any, Callable, Sequence

import hypothesis
import pytest

from .changes import Changed, change_functions
from .forks import Outcome, in_a_fork
from .mutants import Mutant
from .plugins import Limiter, Loop, Times, Watcher

# What fails need not be made small.
hypothesis.settings.register_profile(
    "mutation", deadline=None, database=None, phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate]
)

ROOT = pathlib.Path(__file__).parents[2]

# The limits of a trial are its own. Without capturing, forks share no files.
OPTIONS = ["-x", "-q", "-s", "--no-header", "-p", "no:cacheprovider", "-o", "timeout=0"]
OPTIONS += ["--hypothesis-profile=mutation", "-W", "ignore::pytest.PytestAssertRewriteWarning"]

_LATER = 75
"""Exit code of a fork that cannot change its functions."""


class Trials:
    """Tells which mutants of one module its tests notice.

    Attributes
    ----------
    survived
        How many mutants no test noticed.
    late
        How many were noticed because a test took too long.
    """

    def __init__(
        self, module: str, path: pathlib.Path, files: Sequence[str], folder: pathlib.Path, tell: Callable[[str], None]
    ) -> None:
        self._module = module
        self._tell = tell
        self._path = path
        self._files = files
        self._output = folder / "output"
        self._result = folder / "result.json"
        self._running = folder / "running"
        self._options = [*OPTIONS, f"--basetemp={folder / 'temporary'}"]
        self._seen: dict[str, Any] = {}
        self._items: dict[str, pytest.Item] = {}
        self._noticed: dict[str, list[int]] = {}
        self.survived = self.late = 0

    def run(self, mutants: Sequence[Mutant]) -> str:
        """Tell of each mutant that no test notices; return what pytest says if the tests fail without any change."""

        def collected() -> int:
            return int(pytest.main([*self._options, *self._files], plugins=[Loop(work)]))

        def work(items: list[pytest.Item]) -> None:
            self._items = {item.nodeid: item for item in items}
            failure = self._watch()
            later = []
            for index, mutant in enumerate(mutants if not failure else ()):
                if not mutant.first or self._verdict(mutant, self._try_here) is None:
                    later.append(index)
            failure = failure or self._control()
            counts = {"survived": self.survived, "late": self.late}
            known = {"_seen": self._seen, "_noticed": self._noticed}
            state = {"failure": failure, "later": later, "known": {**counts, **known}}
            self._result.write_text(json.dumps(state), encoding="utf-8")

        self._result.unlink(missing_ok=True)
        outcome = in_a_fork(collected, 86_400.0, self._result.with_name("collected"))
        if not self._result.exists():
            return outcome.output[-3000:]
        state = json.loads(self._result.read_text(encoding="utf-8"))
        vars(self).update(state["known"])
        for index in state["later"]:
            self._verdict(mutants[index], self._try_anew)
        return str(state["failure"])

    def _watch(self) -> str:
        """Find out which test runs which line; return what pytest says if one fails."""
        watcher, times = Watcher(str(self._path)), Times()
        watched = self._result.with_name("watched.json")

        def watch() -> int:
            code = self._protocols(list(self._items), watcher)
            names = [name for name, module in sys.modules.items() if _is_found_by_name(name, module)]
            watched.write_text(json.dumps({"lines": watcher.lines, "modules": names}), encoding="utf-8")
            return code

        def measure() -> int:
            code = self._protocols(list(self._items), times)
            self._result.with_name("times.json").write_text(json.dumps(times.seen), encoding="utf-8")
            return code

        for work in (measure, watch):
            outcome = in_a_fork(work, 1800.0, self._output)
            if outcome.code != 0:
                return self._why(outcome)
        found = json.loads(watched.read_text(encoding="utf-8"))
        seen = json.loads(self._result.with_name("times.json").read_text(encoding="utf-8"))
        self._seen = {name: {"lines": found["lines"][name], **seen[name]} for name in seen}
        for name in found["modules"]:
            # What the tests import on their way is imported once, before the forks.
            with contextlib.suppress(Exception):
                importlib.import_module(name)
        return ""

    def _control(self) -> str:
        """Run all tests on the module as it is; return what pytest says if one fails, as it would notice anything."""
        tests = list(self._seen)
        # Nothing here is in a hurry, and the machine may be busy.
        outcome = self._run(lambda limiter: self._protocols(tests, limiter), tests, patience=10.0)
        return "" if outcome.code == 0 else f"At the end, the figures are too good: {self._why(outcome)}"

    def _why(self, outcome: Outcome) -> str:
        """Return why tests failed, or what ended them."""
        if outcome.code is None:
            ended = "They took too long."
        elif outcome.code < 0:
            ended = f"{' '.join(self._last()) or 'A test'} was ended by {signal.Signals(-outcome.code).name}."
        else:
            ended = f"The exit code is {outcome.code}."
        return f"{outcome.output[-3000:]}\n{ended}"

    def _tests_for(self, mutant: Mutant) -> list[str]:
        """Return the tests that run the changed lines: first those that noticed a change nearby, then the fastest."""
        lines = set(range(mutant.first, mutant.last + 1))
        hits = [name for name, test in self._seen.items() if not mutant.first or lines.intersection(test["lines"])]

        def order(name: str) -> tuple[float, float]:
            near = min((abs(line - mutant.line) for line in self._noticed.get(name, ())), default=1000)
            return near + 5.0 * self._seen[name]["seconds"], self._seen[name]["seconds"]

        return sorted(hits, key=order)

    def _verdict(self, mutant: Mutant, way: Callable[[Sequence[str], CodeType, Limiter], int]) -> bool | None:
        """Return whether a test notices the mutant; None if it cannot be changed this way."""
        tests = self._tests_for(mutant)
        if not tests:
            return self._note_survivor(mutant, "  (no test runs it)")
        ended = self._run(lambda limiter: way(tests, mutant.code, limiter), tests)
        if ended.code in (None, -signal.SIGALRM):
            # The machine may have been busy.
            again = [*self._last(), *tests]
            ended = self._run(lambda limiter: way(again, mutant.code, limiter), again, patience=3.0)
        self.late += ended.code in (None, -signal.SIGALRM, -signal.SIGVTALRM)
        if ended.code == _LATER:
            return None
        if ended.code in (3, 4, 5):
            raise RuntimeError(f"pytest itself failed ({ended.code}):\n{ended.output[-2000:]}")
        if ended.code == 0:
            return self._note_survivor(mutant, "")
        # A change that cannot even be imported is noticed as well, and so is a connection that stays open (70).
        for name in self._last():
            self._noticed.setdefault(name, []).append(mutant.line)
        return True

    def _note_survivor(self, mutant: Mutant, remark: str) -> bool:
        self.survived += 1
        name = self._path.relative_to(ROOT / "jupyter_notebook_stop")
        self._tell(f"  {name}:{mutant}{remark}")
        return False

    def _last(self) -> list[str]:
        """Return the test that ran last, if any did."""
        return [self._running.read_text(encoding="utf-8")] if self._running.exists() else []

    def _run(self, work: Callable[[Limiter], int], tests: Sequence[str], patience: float = 1.0) -> Outcome:
        self._running.unlink(missing_ok=True)
        limiter = Limiter(self._seen, self._running, patience)
        limit = 60.0 + sum(limiter.seconds(name) for name in tests)
        return in_a_fork(lambda: work(limiter), limit, self._output)

    def _try_here(self, tests: Sequence[str], code: CodeType, limiter: Limiter) -> int:
        return self._protocols(tests, limiter) if change_functions(code) else _LATER

    def _try_anew(self, tests: Sequence[str], code: CodeType, limiter: Limiter) -> int:
        assert not any(name.startswith("jupyter_notebook_stop") for name in sys.modules), "imported too early"
        finder: Any = Changed(self._module, code)
        sys.meta_path.insert(0, finder)
        # Collecting file by file takes far less time than test by test; the module's own tests are in the first one.
        for files in (self._files[:1], self._files[1:]):
            code_of_tests = int(pytest.main([*self._options, *files], plugins=[limiter])) if files else 0
            if code_of_tests:
                return code_of_tests
        return 0

    def _protocols(self, tests: Sequence[str], plugin: object) -> int:
        """Run collected tests until one fails; return an exit code."""
        items = [self._items[name] for name in tests]
        items[0].config.pluginmanager.register(plugin)
        for item, following in zip(items, [*items[1:], None]):
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if item.session.testsfailed:
                # Else it would be said at the end of a session, which has none here.
                reporter: Any = item.config.pluginmanager.get_plugin("terminalreporter")
                reporter.summary_errors()
                reporter.summary_failures()
                return 1
        return 0


def _is_found_by_name(name: str, module: Any) -> bool:
    return getattr(module, "__spec__", None) is not None and not name.startswith(("tests", "__"))
