"""The directive ``settings``: a table of ``c.NotebookStop``, made from its traits."""

from __future__ import annotations

import inspect
from typing import Any

from docutils import nodes
from markdown_table import table
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from jupyter_notebook_stop.config import NotebookStop
from jupyter_notebook_stop.redaction import Secret


def default_of(trait: Any) -> str:
    """Say what the default value of a trait is, as a configuration file spells it, if there is one."""
    value = trait.default()
    if isinstance(value, Secret) or value in ("", None):
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return f"Default: `{value!r}`."


def rows() -> list[tuple[str, str]]:
    """Return name and meaning of each setting, with its default value."""
    settings = sorted(NotebookStop.class_own_traits(config=True).items())
    return [(f"[`{name}`]{{#setting-{name}}}", f"{trait.help} {default_of(trait)}") for name, trait in settings]


class Settings(SphinxDirective):
    """The table."""

    def run(self) -> list[nodes.Node]:
        """Return it."""
        self.env.note_dependency(inspect.getfile(NotebookStop))
        return self.parse_text_to_nodes(table(("setting", "meaning"), rows()))


def setup(app: Sphinx) -> dict[str, bool]:
    """Add the directive."""
    app.add_directive("settings", Settings)
    return {"parallel_read_safe": True}
