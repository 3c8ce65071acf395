"""Every error code has an entry in the documentation, which says what to do."""

from __future__ import annotations

import ast
import functools
import pathlib
import re
from typing import Iterator

import pytest

from jupyter_notebook_stop.policy.states import REFUSED_STATES

ROOT = pathlib.Path(__file__).parents[2]
PACKAGE = ROOT / "jupyter_notebook_stop"
PAGE = ROOT / "docs" / "troubleshooting.md"

OTHER_SERVICES = ("simulator", "demo")
"""Folders whose codes are not ours."""

CARRIERS = {"code", "default_code"}
"""Parameters, attributes and class variables that carry a code."""

FAMILIES = {
    "http_": {"http_404"},
    "state_": {f"state_{state.lower()}" for state in REFUSED_STATES},
    "bad_": {"bad_instance_id", "bad_project_id", "bad_region"},
}
"""Codes that are put together, by what they begin with."""


def codes_in(tree: ast.AST) -> Iterator[str]:
    """Yield the codes that a module gives to its errors."""
    nodes = [*ast.walk(tree)]
    constants = {
        target.id: node.value.value
        for node in nodes
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in nodes:
        values: list[ast.expr] = []
        if isinstance(node, ast.keyword):
            values = [node.value] if node.arg in CARRIERS else []
        elif isinstance(node, ast.Assign):
            values = [node.value] if any(map(carries, node.targets)) else []
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in PASSED_SECOND:
            values = node.args[1:2]
        for value in values:
            yield from codes_of(value, constants)


PASSED_SECOND = ("_not_sent", "_lost")
"""Methods of the transport whose second parameter is a code."""

SIGNS = (*CARRIERS, *PASSED_SECOND)
"""What a file has one of that gives a code to an error."""


def carries(target: ast.expr) -> bool:
    """Return whether what is assigned to is a code."""
    if isinstance(target, ast.Attribute):
        return target.attr in CARRIERS
    return isinstance(target, ast.Name) and target.id == "default_code"


def codes_of(value: ast.expr, constants: dict[str, str]) -> Iterator[str]:
    """Yield the codes that an expression can be; one that only passes on a code is none."""
    if isinstance(value, ast.Constant):
        if isinstance(value.value, str):
            yield value.value
    elif isinstance(value, ast.JoinedStr):
        assert isinstance(value.values[0], ast.Constant), ast.unparse(value)
        yield from FAMILIES[str(value.values[0].value)]
    elif isinstance(value, ast.BoolOp):
        for part in value.values:
            yield from codes_of(part, constants)
    elif isinstance(value, ast.IfExp):
        yield from codes_of(value.body, constants)
        yield from codes_of(value.orelse, constants)
    elif isinstance(value, ast.Name) and value.id in constants:
        yield constants[value.id]
    else:
        assert isinstance(value, (ast.Name, ast.Attribute)), f"unknown form of a code: {ast.unparse(value)}"


@functools.cache
def codes_of_the_package() -> dict[str, pathlib.Path]:
    """Return every code of the package, with a file that has it."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        # A file without one of these words has no code, and parsing it takes long.
        if path.relative_to(PACKAGE).parts[0] not in OTHER_SERVICES and any(word in text for word in SIGNS):
            found.update(dict.fromkeys(codes_in(ast.parse(text)), path))
    return found


def codes_of_the_page() -> dict[str, pathlib.Path]:
    """Return every code that the page itself gives to what went wrong."""
    found = {}
    for path in sorted((ROOT / "labextension" / "src").rglob("*.ts")):
        for code in re.findall(r"\bcode: '(\w+)'", path.read_text(encoding="utf-8")):
            found[code] = path
    return found


def entries() -> dict[str, str]:
    """Return what the documentation says of each code."""
    text = PAGE.read_text(encoding="utf-8")
    return {
        name: body.strip() for name, body in re.findall(r"^### (\w+)\n(.*?)(?=^#|\Z)", text, re.MULTILINE | re.DOTALL)
    }


CODES = {**codes_of_the_package(), **codes_of_the_page()}


def test_codes_are_found() -> None:
    for code in ("identity_conflict", "silent_tabs", "no_schedule_server", "connect", "clock_skew", "state_frozen"):
        assert code in codes_of_the_package()
    assert "offline" in codes_of_the_page()


@pytest.mark.parametrize("code", sorted(CODES))
def test_a_code_has_an_entry(code: str) -> None:
    assert code in entries(), f"{CODES[code].relative_to(ROOT)}: docs/troubleshooting.md has no entry for {code}"
    assert len(entries()[code]) > 20


def test_no_entry_is_about_a_code_that_is_gone() -> None:
    ends = {"refused", "resumed", "stopped"}
    assert set(entries()) - set(CODES) == ends


def test_the_codes_of_the_service_are_listed() -> None:
    assert "```{service-codes}" in PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("raise Error('x', code='new')", {"new"}),
        ("error.code = 'new'", {"new"}),
        ("class E(Error):\n    default_code = 'new'", {"new"}),
        ("N = 'new'\nraise Error(code=N)", {"new"}),
        ("raise Error(code='new' if it else 'newer')", {"new", "newer"}),
        ("raise self._lost('x', 'new')", {"new"}),
        ("Problem(code=error.code)", set()),
    ],
)
def test_a_code_is_found_wherever_it_is_given(code: str, found: set[str]) -> None:
    assert set(codes_in(ast.parse(code))) == found


def test_a_code_in_an_unknown_form_is_an_error() -> None:
    with pytest.raises(AssertionError):
        set(codes_in(ast.parse("raise Error(code=make('new'))")))
