"""Small changes to a module, each of which a test should notice.

Prose is left alone: strings with a space in them, docstrings, annotations, and what is logged. So is what only type
checkers read.
"""

from __future__ import annotations

import ast
from types import CodeType
from typing import Any, Callable, Iterator, NamedTuple

_COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
_COMPUTED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.Pow: ast.Mult,
    ast.Mod: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}
_UNTOUCHED_FIELDS = {"annotation", "returns", "decorator_list", "type_comment", "bases"}


class Mutant(NamedTuple):
    """A changed module.

    Attributes
    ----------
    first, last
        The lines that a test must run to notice it; 0 if they run when the module is imported.
    """

    line: int
    column: int
    first: int
    last: int
    change: str
    code: CodeType

    def __str__(self) -> str:
        return f"{self.line}:{self.column}: {self.change}"


def mutants_of(source: str, filename: str) -> Iterator[Mutant]:
    """Yield every mutant of a module; those that do not compile are left out."""
    tree = ast.parse(source)
    for owner, key, statement, function in list(_places(tree, None, None)):
        node = _get(owner, key)
        for replacement in _replacements(node, function):
            change = f"{_short(node)}  ->  {_short(replacement)}"
            _set(owner, key, ast.copy_location(ast.fix_missing_locations(replacement), node))
            try:
                code = compile(ast.fix_missing_locations(tree), filename, "exec", dont_inherit=True)
            except (SyntaxError, ValueError):
                continue
            finally:
                _set(owner, key, node)
            inside = function is not None and statement is not None
            first = statement.lineno if inside and statement else 0
            last = (node.end_lineno or node.lineno) if inside else 0
            yield Mutant(node.lineno, node.col_offset, first, last, change, code)


def _get(owner: Any, key: Any) -> Any:
    return owner[key] if isinstance(owner, list) else getattr(owner, key)


def _set(owner: Any, key: Any, value: Any) -> None:
    if isinstance(owner, list):
        owner[key] = value
    else:
        setattr(owner, key, value)


def _places(node: ast.AST, statement: ast.stmt | None, function: ast.AST | None) -> Iterator[tuple[Any, Any, Any, Any]]:
    """Yield where each node is, with the statement and the function that it belongs to."""
    for name, value in ast.iter_fields(node):
        if name in _UNTOUCHED_FIELDS:
            continue
        children = enumerate(value) if isinstance(value, list) else [(name, value)]
        owner = value if isinstance(value, list) else node
        for key, child in children:
            if not isinstance(child, ast.AST) or _only_for_readers(child):
                continue
            own = child if isinstance(child, ast.stmt) else statement
            yield owner, key, own, function
            if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
                # Defaults are computed where the function is defined.
                yield from _places(child.args, own, function)
                yield from _places(ast.Module(child.body, []), own, child)
            else:
                yield from _places(child, own, child if isinstance(child, ast.Lambda) else function)


def _only_for_readers(node: ast.AST) -> bool:
    if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
        return True
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return True
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "__all__":
        return True
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "logging.getLogger":
        return True
    return _logs(node) or isinstance(node, (ast.Import, ast.ImportFrom, ast.Assert, ast.JoinedStr))


def _logs(node: ast.AST) -> bool:
    """Whether a statement writes to the log and does nothing else."""
    if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)):
        return False
    called = node.value.func
    return isinstance(called, ast.Attribute) and ast.unparse(called.value) in ("self._log", "_log", "self.log")


def _replacements(node: ast.AST, function: ast.AST | None) -> Iterator[ast.AST]:
    kind: Callable[[Any], Iterator[ast.AST]] | None = _KINDS.get(type(node))
    if kind is not None:
        yield from kind(node)
    if isinstance(node, (ast.Expr, ast.Raise, ast.AugAssign, ast.Delete)) or (
        function is not None and isinstance(node, ast.Assign) and not isinstance(node.targets[0], ast.Name)
    ):
        yield ast.Pass()
    test = getattr(node, "test", None)
    if isinstance(node, (ast.If, ast.While, ast.IfExp)) and not isinstance(test, (ast.Compare, ast.UnaryOp)):
        yield _with(node, test=ast.UnaryOp(ast.Not(), node.test))


def _with(node: Any, **changes: Any) -> Any:
    return type(node)(**{**dict(ast.iter_fields(node)), **changes})


def _compare(node: ast.Compare) -> Iterator[ast.AST]:
    for index, operator in enumerate(node.ops):
        other = _COMPARED[type(operator)]()
        yield _with(node, ops=[*node.ops[:index], other, *node.ops[index + 1 :]])


def _bool_op(node: ast.BoolOp) -> Iterator[ast.AST]:
    yield _with(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())
    for index in range(len(node.values)):
        rest = [*node.values[:index], *node.values[index + 1 :]]
        yield rest[0] if len(rest) == 1 else _with(node, values=rest)


def _bin_op(node: ast.BinOp) -> Iterator[ast.AST]:
    if type(node.op) in _COMPUTED:
        yield _with(node, op=_COMPUTED[type(node.op)]())


def _unary_op(node: ast.UnaryOp) -> Iterator[ast.AST]:
    yield node.operand


def _constant(node: ast.Constant) -> Iterator[ast.AST]:
    value = node.value
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, (int, float)):
        yield ast.Constant(value + 1)
    elif isinstance(value, (str, bytes)) and value and (" " if isinstance(value, str) else b" ") not in value:  # type: ignore[operator]
        yield ast.Constant(value + "XX" if isinstance(value, str) else value + b"XX")


def _return(node: ast.Return) -> Iterator[ast.AST]:
    # A truth value is turned round, as every constant.
    constant = node.value.value if isinstance(node.value, ast.Constant) else ...
    if node.value is not None and constant not in (None, True, False):
        yield ast.Return(ast.Constant(None))


def _break(node: ast.Break) -> Iterator[ast.AST]:
    yield ast.Continue()


def _continue(node: ast.Continue) -> Iterator[ast.AST]:
    yield ast.Break()


def _handler(node: ast.ExceptHandler) -> Iterator[ast.AST]:
    yield _with(node, body=[ast.Raise()])


_KINDS: dict[type[ast.AST], Callable[[Any], Iterator[ast.AST]]] = {
    ast.Compare: _compare,
    ast.BoolOp: _bool_op,
    ast.BinOp: _bin_op,
    ast.UnaryOp: _unary_op,
    ast.Constant: _constant,
    ast.Return: _return,
    ast.Break: _break,
    ast.Continue: _continue,
    ast.ExceptHandler: _handler,
}


def _short(node: ast.AST) -> str:
    text = " ".join(ast.unparse(ast.fix_missing_locations(node)).split())
    return text if len(text) <= 70 else f"{text[:67]}..."
