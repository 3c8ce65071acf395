"""The directive ``service-codes``: every error code of the service, as an anchor, with its remedy."""

from __future__ import annotations

import inspect

from docutils import nodes
from markdown_table import table
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from jupyter_notebook_stop.modelarts import error_codes


def anchor(code: str) -> str:
    """Return the anchor of a code, made as that of a heading: ``ModelArts.0112`` is ``modelarts0112``."""
    return "".join(letter for letter in code.lower() if letter.isalnum() or letter in "_-")


def rows() -> list[tuple[str, str, str]]:
    """Return code, exception and remedy of each case."""
    return [
        (f"[`{code}`]{{#{anchor(code)}}}", f"`{case.kind.__name__}`", str(case.remedy))
        for code, case in sorted(error_codes._BY_CODE.items())
    ] + [
        (f"[`http_{status}`]{{#http_{status}}}", f"`{case.kind.__name__}`", str(case.remedy))
        for status, case in sorted(error_codes._BY_STATUS.items())
    ]


class ServiceCodes(SphinxDirective):
    """The table."""

    def run(self) -> list[nodes.Node]:
        """Return it."""
        self.env.note_dependency(inspect.getfile(error_codes))
        return self.parse_text_to_nodes(table(("code", "in Python", "what to do"), rows()))


def setup(app: Sphinx) -> dict[str, bool]:
    """Add the directive."""
    app.add_directive("service-codes", ServiceCodes)
    return {"parallel_read_safe": True}
