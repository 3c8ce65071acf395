"""Shows a file of the repository as a page: what a page includes from above ``docs/`` has its links adapted.

Links to another such file, or into ``docs/``, lead to the page; those to what has no page are plain text.
"""

from __future__ import annotations

import pathlib
import re

from sphinx.application import Sphinx

INCLUDE = re.compile(r"```\{include\} \.\./(?P<file>[\w.-]+\.md)\n```\n?")
LINK = re.compile(r"(?<!!)\[(?P<text>[^\]]+)\]\((?P<target>[^)\s]+)\)")


def included(file: pathlib.Path, pages: dict[str, str]) -> str:
    """Return the text of a file beside ``docs/``, with links as a page has them.

    Parameters
    ----------
    pages
        The page of each file that has one, by its name.
    """

    def adapted(match: re.Match[str]) -> str:
        text, (target, _, anchor) = match["text"], match["target"].partition("#")
        if ":" in target:
            return match[0]
        page = pages.get(target) or target.removeprefix("docs/")
        if page == target:
            return match[0] if not target else text
        return f"[{text}]({page}{'#' + anchor if anchor else ''})"

    return LINK.sub(adapted, file.read_text(encoding="utf-8"))


def replace_includes(app: Sphinx, docname: str, source: list[str]) -> None:
    """Put the files in place of what includes them."""

    def text(match: re.Match[str]) -> str:
        file = root / match["file"]
        app.env.note_dependency(str(file))
        return included(file, pages)

    docs = pathlib.Path(app.srcdir)
    root = docs.parent
    pages = {
        match["file"]: page.relative_to(docs).as_posix()
        for page in docs.glob("*.md")
        for match in INCLUDE.finditer(page.read_text(encoding="utf-8"))
    }
    source[0] = INCLUDE.sub(text, source[0])


def setup(app: Sphinx) -> dict[str, bool]:
    """Have each page read this way."""
    app.connect("source-read", replace_includes)
    return {"parallel_read_safe": True}
