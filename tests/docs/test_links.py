"""What a document links to or shows is there, and its pictures are small."""

from __future__ import annotations

import pathlib
import re
from typing import Iterator

import pytest

ROOT = pathlib.Path(__file__).parents[2]
IMAGES = ROOT / "docs" / "images"
DOCUMENTS = [*ROOT.glob("*.md"), *(path for path in (ROOT / "docs").rglob("*.md") if "_build" not in path.parts)]

LINK = re.compile(r"\]\(\s*([^)\s]*)\s*\)|^```\{(?:literalinclude|include)\} (\S+)", re.M)

CODE = re.compile(r"(?<!`)`[^`\n]+`(?!`)")


def targets(text: str) -> Iterator[str]:
    """Yield the files that a document links to, shows or includes."""
    downloads = re.sub(r"\{download\}`[^`]*<([^>`]+)>`", r"](\1)", text)
    for match in LINK.finditer(CODE.sub("", downloads)):
        target = next(filter(None, match.groups()), "").partition("#")[0]
        if target and ":" not in target:
            yield target


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_what_a_document_links_to_is_there(document: pathlib.Path) -> None:
    missing = [target for target in targets(document.read_text(encoding="utf-8")) if not exists(document, target)]
    assert missing == []


def exists(document: pathlib.Path, target: str) -> bool:
    return (document.parent / target).exists()


def test_links_are_found() -> None:
    text = "[a](b.md#c) ![d](e.png) {download}`f <g.sh>`\n```{literalinclude} h.json\n```\n[](i.md) [j](https://k)"
    assert [*targets(text + " `[l](m)`")] == ["b.md", "e.png", "g.sh", "h.json", "i.md"]


def test_every_picture_is_shown() -> None:
    shown = "".join(path.read_text(encoding="utf-8") for path in DOCUMENTS)
    assert [path.name for path in IMAGES.iterdir() if f"images/{path.name}" not in shown] == []


def test_pictures_are_small() -> None:
    sizes = {path.name: path.stat().st_size for path in IMAGES.iterdir()}
    assert sizes["tour.gif"] < 600_000
    assert sum(sizes.values()) < 1_500_000
