"""Runs tests in a fork of this process, with one module changed."""

from __future__ import annotations

import atexit
import contextlib
import importlib.machinery
import json
import os
import pathlib
import signal
import sys
import threading
import time
import traceback
from types import CodeType, FrameType, ModuleType
from typing import Any, Callable, Iterator, NamedTuple, Optional, Sequence

import pytest

ROOT = pathlib.Path(__file__).parents[2]

OPTIONS = ["-x", "-q", "--no-header", "-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning"]


class Changed:
    """A finder that has another code for one module."""

    def __init__(self, name: str, code: CodeType) -> None:
        self._name = name
        self._code = code

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if name != self._name:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        assert spec is not None
        loader: Any = spec.loader
        code = self._code
        loader.get_code = lambda _: code
        return spec


class Watcher:
    """A plugin that notes which lines of a file each test runs, and how long it takes."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._lines: set[int] = set()
        self.seen: dict[str, Any] = {}

    def _trace(self, frame: FrameType, event: str, argument: Any) -> Any:
        return self._line if frame.f_code.co_filename == self._path else None

    def _line(self, frame: FrameType, event: str, argument: Any) -> Any:
        self._lines.add(frame.f_lineno)
        return self._line

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self._lines.clear()
        began = time.monotonic()
        threading.settrace(self._trace)
        sys.settrace(self._trace)
        yield
        sys.settrace(None)
        threading.settrace(None)
        self.seen[item.nodeid] = {"lines": sorted(self._lines), "seconds": time.monotonic() - began}


class Outcome(NamedTuple):
    """How a run ended: the exit code of pytest, None if it took too long, and what it printed."""

    code: Optional[int]
    output: str


def in_a_fork(work: Callable[[], int], limit: float, output: pathlib.Path) -> Outcome:
    """Do `work` in a fork of this process, which is killed after `limit` seconds."""
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        code = 70
        try:
            os.setsid()
            os.chdir(ROOT)
            descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(descriptor, 1)
            os.dup2(descriptor, 2)
            code = work()
            sys.stdout.flush()
            atexit._run_exitfuncs()
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    ends = time.monotonic() + limit
    while time.monotonic() < ends:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            with contextlib.suppress(ProcessLookupError):
                # What the tests have started and could not end.
                os.killpg(child, signal.SIGKILL)
            code = os.waitstatus_to_exitcode(status)
            return Outcome(code, output.read_text(encoding="utf-8", errors="replace"))
        time.sleep(0.01)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return Outcome(None, output.read_text(encoding="utf-8", errors="replace"))


def run_tests(tests: Sequence[str], module: str, code: Optional[CodeType] = None) -> int:
    """Return the exit code of pytest, with another code for `module` if there is one."""
    assert not any(name.startswith("jupyter_notebook_stop") for name in sys.modules), "imported too early"
    if code is not None:
        finder: Any = Changed(module, code)
        sys.meta_path.insert(0, finder)
    return int(pytest.main([*OPTIONS, *tests]))


def watch_tests(tests: Sequence[str], path: pathlib.Path, result: pathlib.Path) -> int:
    """Write which test runs which lines of the file at `path`, if all pass."""
    watcher = Watcher(str(path))
    code = int(pytest.main([*OPTIONS, *tests], plugins=[watcher]))
    result.write_text(json.dumps(watcher.seen), encoding="utf-8")
    return code


def preload() -> list[ModuleType]:
    """Import what the tests need and does not change."""
    import httpx
    import hypothesis.stateful
    import msgspec
    import tornado.web

    return [httpx, hypothesis.stateful, msgspec, tornado.web]
