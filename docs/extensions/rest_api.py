"""The directives ``rest-operations`` and ``rest-objects``: the local REST API, made from ``rest-api.yml``."""

from __future__ import annotations

import functools
import pathlib
from typing import Any, Iterator

import yaml
from docutils import nodes
from markdown_table import table
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

import jupyter_notebook_stop

PREFIX = "/jupyter-notebook-stop/"

CONTRACT = pathlib.Path(jupyter_notebook_stop.__file__).parent / "server" / "rest-api.yml"


@functools.cache
def contract() -> dict[str, Any]:
    """Return the contract."""
    return dict(yaml.safe_load(CONTRACT.read_text(encoding="utf-8")))


def resolved(part: dict[str, Any]) -> dict[str, Any]:
    """Return a part of the contract, found where it only refers to another."""
    while "$ref" in part:
        found: Any = contract()
        for name in part["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        part = found
    return part


def kind(schema: dict[str, Any]) -> str:
    """Return what a value has to be, in a few words; objects with a name are links."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#rest-{name.lower()})"
    for several, word in (("oneOf", " or "), ("allOf", " and ")):
        if several in schema:
            words = word.join(map(kind, schema[several]))
            break
    else:
        words = str(schema.get("type", "anything"))
        if words == "array":
            words = f"list of {kind(schema['items'])}"
        if "enum" in schema:
            words = ", ".join(f"`{value}`" for value in schema["enum"] if value is not None)
        if "format" in schema:
            words = f"{words}, {schema['format']}"
    return words + (" or null" if schema.get("nullable") else "")


def fields(schema: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, str, str]]:
    """Yield name, kind and meaning of each field, those of objects without a name among them."""
    required = schema.get("required", ())
    for name, field in schema.get("properties", {}).items():
        words = kind(field) + (", required" if name in required and not prefix else "")
        yield f"`{prefix}{name}`", words, field.get("description", "")
        inner = field.get("items", field) if field.get("type") == "array" else field
        yield from fields(inner, f"{prefix}{name}[]." if inner is not field else f"{prefix}{name}.")


def body_of(part: dict[str, Any]) -> dict[str, Any] | None:
    """Return the schema of a body, if there is one."""
    content = part.get("content", {}).get("application/json")
    return content["schema"] if content else None


def operation(method: str, path: str, found: dict[str, Any]) -> Iterator[str]:
    """Yield the description of an operation, line by line."""
    yield f"(rest-{found['operationId'].lower()})="
    yield f"### `{method.upper()} {path.removeprefix(PREFIX)}`"
    yield from ("", found["summary"], "", found.get("description", ""), "")
    parameters = [
        (f"`{each['name']}`", f"{each['in']}, {kind(each['schema'])}", each.get("description", ""))
        for each in map(resolved, found.get("parameters", ()))
    ]
    body = body_of(found.get("requestBody", {}))
    if body:
        parameters.append(("the body", kind(body), ""))
    if parameters:
        yield from (table(("parameter", "kind", "meaning"), parameters), "")
    answers = []
    for status, response in found["responses"].items():
        known = resolved(response)
        schema = body_of(known)
        if schema and schema.get("properties"):
            parts = schema["properties"].items()
            shape = ", ".join(
                f"`{name}`" + (f": {kind(each)}" if kind(each) != "object" else "") for name, each in parts
            )
        else:
            shape = kind(schema) if schema else ""
        answers.append((f"`{status}`", known["description"], shape))
    yield from (table(("status", "meaning", "body"), answers), "")


def operations() -> Iterator[str]:
    """Yield all operations, line by line."""
    for path, item in contract()["paths"].items():
        for method, found in item.items():
            yield from operation(method, path, found)


def objects() -> Iterator[str]:
    """Yield all objects, line by line."""
    for name, schema in contract()["components"]["schemas"].items():
        yield from (f"(rest-{name.lower()})=", f"### {name}", "", schema.get("description", ""), "")
        yield from (table(("field", "kind", "meaning"), fields(schema)), "")


class RestOperations(SphinxDirective):
    """What can be requested."""

    def run(self) -> list[nodes.Node]:
        """Return a section for each operation."""
        return self._parsed(operations())

    def _parsed(self, lines: Iterator[str]) -> list[nodes.Node]:
        self.env.note_dependency(str(CONTRACT))
        return self.parse_text_to_nodes("\n".join(lines), allow_section_headings=True)


class RestObjects(RestOperations):
    """What is sent and returned."""

    def run(self) -> list[nodes.Node]:
        """Return a section for each object."""
        return self._parsed(objects())


def setup(app: Sphinx) -> dict[str, bool]:
    """Add the directives."""
    app.add_directive("rest-operations", RestOperations)
    app.add_directive("rest-objects", RestObjects)
    return {"parallel_read_safe": True}
