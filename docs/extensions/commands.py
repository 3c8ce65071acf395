"""The directive ``command-help``: what ``--help`` of a terminal command, or ``?`` of the magic, shows."""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective


def help_of(name: str) -> str:
    """Return the help of a subcommand of ``jupyter notebook-stop``, or of ``%stop_instance``."""
    if name == "%stop_instance":
        from jupyter_notebook_stop.notebook.magics import StopMagics

        return str(StopMagics.stop_instance.__doc__).replace("::\n\n", "", 1).strip()
    from jupyter_notebook_stop.cli import NotebookStopApp

    app: Any = NotebookStopApp.subcommands[name][0]
    return "\n".join(app().emit_help())


class CommandHelp(SphinxDirective):
    """A literal block."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return it."""
        text = re.sub(r"\n{3,}", "\n\n", help_of(self.arguments[0]))
        return [nodes.literal_block(text, text, language="text")]


def setup(app: Sphinx) -> dict[str, bool]:
    """Add the directive."""
    app.add_directive("command-help", CommandHelp)
    return {"parallel_read_safe": True}
