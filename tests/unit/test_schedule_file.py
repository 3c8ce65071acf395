"""A schedule outlives its Jupyter server, and never the instance's start."""

from __future__ import annotations

import datetime
import json
import logging
import os
import pathlib
import subprocess
import sys
from typing import Any, Callable

import pytest

from jupyter_notebook_stop.clock import Deadline, now
from jupyter_notebook_stop.policy import schedule_file
from jupyter_notebook_stop.policy.schedule import ScheduledStop
from jupyter_notebook_stop.policy.schedule_file import ScheduleFile
from jupyter_notebook_stop.processes import identify_process
from jupyter_notebook_stop.schema import COUNTDOWN, ENDED, STOPPING, WAITING

INSTANCE = "00000000-0000-4000-8000-000000000001"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a start cannot be told from another")


def scheduled(state: str = WAITING) -> ScheduledStop:
    reading = now()
    deadline = Deadline.of(reading.after(3600), reading)
    return ScheduledStop(deadline, 60.0, reading.monotonic, reading.wall, source="cell", user="Ada", state=state)


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    return tmp_path / "runtime"


@pytest.fixture
def left(folder: pathlib.Path) -> Callable[..., pathlib.Path]:
    """Leave the file of a server that has ended, with changes."""

    def leave(kept: ScheduledStop | None = None, **changes: Any) -> pathlib.Path:
        file = ScheduleFile(INSTANCE, str(folder))
        file.write(kept or scheduled())
        path = folder / f"jupyter_notebook_stop-schedule-{os.getpid()}.json"
        # It waits until it has been looked at.
        gone = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
        owner = identify_process(gone.pid)
        gone.communicate(b"\n")
        content = {**json.loads(path.read_text()), "owner": owner, **changes}
        path.unlink()
        path = path.with_name(f"jupyter_notebook_stop-schedule-{gone.pid}.json")
        path.write_text(json.dumps(content))
        return path

    return leave


def adopt(folder: pathlib.Path) -> ScheduledStop | None:
    return ScheduleFile(INSTANCE, str(folder)).adopt(idle_since=7.0)


def test_the_next_server_goes_on(folder: pathlib.Path, left: Callable[..., pathlib.Path]) -> None:
    before = scheduled()
    path = left(before)
    after = adopt(folder)
    assert after is not None
    assert (after.id, after.deadline, after.grace) == (before.id, before.deadline, before.grace)
    assert (after.source, after.user, after.created_at) == ("cell", "Ada", before.created_at)
    assert (after.state, after.idle_since) == (WAITING, 7.0)
    assert not path.exists()
    assert adopt(folder) is None


@pytest.mark.parametrize(
    ("state", "requested", "expected"),
    [(COUNTDOWN, False, WAITING), (STOPPING, False, WAITING), (STOPPING, True, ENDED), (ENDED, False, ENDED)],
)
def test_in_which_state(
    state: str, requested: bool, expected: str, folder: pathlib.Path, left: Callable[..., pathlib.Path]
) -> None:
    kept = scheduled(state)
    kept.requested = requested
    left(kept)
    after = adopt(folder)
    assert after is not None
    assert after.state == expected
    if requested:
        assert after.error is not None
        assert after.error.code == "outcome_unknown"


def test_a_server_that_runs_keeps_its_own(folder: pathlib.Path) -> None:
    file = ScheduleFile(INSTANCE, str(folder))
    file.write(scheduled())
    assert adopt(folder) is None
    (path,) = folder.glob("*")
    assert path.stat().st_mode & 0o777 == 0o600
    file.write(None)
    assert [*folder.glob("*")] == []


@pytest.mark.parametrize(
    "changes",
    [
        {"instance_id": "00000000-0000-4000-8000-000000000002"},
        {"boot": "another"},
        {"version": 2},
        {"state": "countdown"},
        {"unknown": 1},
        {"id": 5},
        {"at": "noon"},
        {"at": None, "grace": None},
        {"at": "2026-11-28T23:30:00"},
        {"created_at": None},
    ],
)
def test_anything_odd_is_ignored_with_a_warning(
    changes: dict[str, Any],
    folder: pathlib.Path,
    left: Callable[..., pathlib.Path],
    caplog: pytest.LogCaptureFixture,
) -> None:
    left(**changes)
    with caplog.at_level(logging.WARNING):
        assert adopt(folder) is None
    assert "ignored" in caplog.text


@pytest.mark.parametrize("content", [b"", b"\x00", b"[]", b"[" * 100_000, b"{}"])
def test_any_bytes_are_ignored(content: bytes, folder: pathlib.Path, caplog: pytest.LogCaptureFixture) -> None:
    folder.mkdir()
    (folder / "jupyter_notebook_stop-schedule-1.json").write_bytes(content)
    with caplog.at_level(logging.WARNING):
        assert adopt(folder) is None
    assert "ignored" in caplog.text


def test_the_newest_counts(folder: pathlib.Path, left: Callable[..., pathlib.Path]) -> None:
    older, newer = scheduled(), scheduled()
    older.created_at -= datetime.timedelta(days=1)
    left(newer)
    left(older)
    after = adopt(folder)
    assert after is not None
    assert after.id == newer.id


def test_a_folder_that_cannot_be_written_is_told(
    folder: pathlib.Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise OSError("read-only")

    monkeypatch.setattr(os, "replace", refuse)
    with caplog.at_level(logging.WARNING):
        ScheduleFile(INSTANCE, str(folder)).write(scheduled())
    assert "will not survive a restart" in caplog.text


def test_where_no_start_can_be_told_nothing_is_kept(folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule_file, "identify_boot", lambda: None)
    file = ScheduleFile(INSTANCE, str(folder))
    file.write(scheduled())
    assert not folder.exists()
    assert file.adopt(0.0) is None
