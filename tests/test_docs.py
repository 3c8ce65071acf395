"""What the documents say of the tests holds: each that they name exists, so that no promise outlives its proof."""

from __future__ import annotations

import ast
import functools
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).parents[1]
RELIABILITY = ROOT / "docs" / "reliability.md"
MADE = "tests/artifacts/"
"""What the tests make."""

DOCUMENTS = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]


@functools.cache
def names_in(path: pathlib.Path) -> frozenset[str]:
    """Return the names of the tests in a file, and of its classes; that of a method alone and after its class."""
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    names = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
            methods = {each.name for each in node.body if isinstance(each, functions)}
            names |= {node.name, *methods, *(f"{node.name}::{name}" for name in methods)}
        elif isinstance(node, functions):
            names.add(node.name)
    return frozenset(name for name in names if re.match("[Tt]est", name))


def all_tests() -> frozenset[str]:
    return frozenset().union(*(names_in(path) for path in (ROOT / "tests").rglob("test_*.py")))


def missing(text: str) -> list[str]:
    """Return what a text names in backquotes as a test, as a file or folder of tests, and is not there.

    `::test_name` belongs to the file that was named last.
    """
    wrong = []
    file = None
    for name in re.findall(r"`([^`\n]+)`", text):
        path, _, test = name.partition("::")
        if path == MADE or not re.fullmatch(r"[\w/.-]*", path) or not re.fullmatch(r"\w*(::\w+)?", test):
            continue
        if path.startswith(("tests/", "labextension/test/")):
            file = ROOT / path
            there = file.exists()
        elif re.fullmatch(r"test_\w+\.py", path):
            there = bool([*(ROOT / "tests").rglob(path)])
        elif path.startswith("test_"):
            there = path in all_tests()
        elif path or not test:
            continue
        else:
            there = True
        if test:
            there = there and file is not None and file.suffix == ".py" and file.is_file() and test in names_in(file)
        if not there:
            wrong.append(name)
    return wrong


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_test_that_a_document_names_exists(document: pathlib.Path) -> None:
    assert missing(document.read_text(encoding="utf-8")) == []


def promises() -> list[tuple[str, str]]:
    """Return the rows of the table of promises, each with its proofs."""
    table = RELIABILITY.read_text(encoding="utf-8").partition("| promise |")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| (.+?) \| (.+) \|$", table, re.MULTILINE)
    return [row for row in rows if row[0] != "promise" and set(row[0]) != {"-"}]


def test_every_promise_names_its_proof() -> None:
    assert len(promises()) > 30
    assert [promise for promise, proof in promises() if not re.search(r"`[\w/]*(::|test)", proof)] == []


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("`tests/test_docs.py::test_every_promise_names_its_proof`, `::test_a_name_that_is_wrong_is_found`", []),
        ("`tests/test_docs.py`, `tests/unit`, `test_docs.py`, `test_every_promise_names_its_proof`", []),
        (
            "`tests/test_docs.py::test_nothing`, `::test_neither`",
            ["tests/test_docs.py::test_nothing", "::test_neither"],
        ),
        ("`tests/test_nothing.py::test_it`, `tests/nowhere`", ["tests/test_nothing.py::test_it", "tests/nowhere"]),
        ("`::test_of_no_file`", ["::test_of_no_file"]),
        ("`tests/unit::test_it`, `test_no.py`, `test_no`", ["tests/unit::test_it", "test_no.py", "test_no"]),
        ("`tests/notebook/test_discovery.py::TestProcesses`, `::TestAddresses::test_no`", ["::TestAddresses::test_no"]),
        ("`labextension/test/machine.test.ts`, `labextension/test/no.ts`", ["labextension/test/no.ts"]),
        ("`pip install tests/x`, `-taken`, `c.NotebookStop`, `GET instance`", []),
    ],
)
def test_a_name_that_is_wrong_is_found(text: str, wrong: list[str]) -> None:
    assert missing(text) == wrong
