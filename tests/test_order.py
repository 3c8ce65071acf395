"""Tests of the order in which the tests begin."""

from __future__ import annotations

import pathlib
from types import SimpleNamespace
from typing import Any, List

import pytest

from .order import LONG, deal

HERE = pathlib.Path(__file__).parent


def items(*names: str) -> List[Any]:
    return [SimpleNamespace(nodeid=f"tests/{name}") for name in names]


@pytest.mark.parametrize("name", LONG)
def test_a_long_test_is_there(name: str) -> None:
    file, _, function = name.partition("::")
    assert (f"def {function}(" if function else "def test_") in (HERE / file).read_text(encoding="utf-8")


@pytest.mark.parametrize("workers", [1, 2, 3, 4, 16])
@pytest.mark.parametrize("number", [0, 1, 2, 7, 100])
def test_each_share_but_the_first_begins_with_its_long_ones(workers: int, number: int) -> None:
    long = [f"{name}[{number}]" for name in LONG]
    given = items(*(f"unit/test_quick.py::test_{each}" for each in range(number)), *reversed(long))
    dealt = deal(given, workers)
    assert sorted(map(id, dealt)) == sorted(map(id, given))
    names = [item.nodeid.replace("tests/", "") for item in dealt]
    assert [name for name in names if "quick" in name] == [name.nodeid.replace("tests/", "") for name in given[:number]]
    if number == 100 and workers > 1:
        # As `--dist worksteal` cuts them up.
        starts = [names.index(each) for each in long[: workers - 1]]
        size = len(given) / workers
        assert all(abs(start - size * worker) < 2 for worker, start in enumerate(starts, 1))
