"""The catalogue of translations: extracts every text, checks the translations, and compiles what the wheel ships.

``python translations/catalogue.py`` updates the .po file, then compiles it: the texts of Python to .mo, those of the
page to the .json that JupyterLab reads. What is missing, stale, fuzzy or wrong is printed, and makes the exit code 1.
With ``--check`` it changes no file.
"""

from __future__ import annotations

import io
import json
import pathlib
import re
import sys
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Tuple, Union

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = pathlib.Path(__file__).parents[1]
PACKAGE, PAGE = ROOT / "jupyter_notebook_stop", ROOT / "labextension"
DOMAIN, LOCALE = "jupyter_notebook_stop", "zh_CN"
FOLDER = PACKAGE / "locale" / LOCALE / "LC_MESSAGES"
PO, MO, JSON = (FOLDER / f"{DOMAIN}.{ending}" for ending in ("po", "mo", "json"))

HEADER = (ROOT / "translations" / "header.txt").read_text(encoding="utf-8")
"""What a translator reads first: the glossary and the rules of style."""

_PYTHON = {"_": None, "_n": (1, 2), "gettext": None, "ngettext": (1, 2)}
_TYPESCRIPT = {"__": None, "_n": (1, 2), "_p": ((1, "c"), 2)}
_CALL = re.compile(r"[\w.#]*trans\s*\.(__|_n|_p)\(")

_SCHEMA_TEXTS = {"title": "schema", "description": "schema"}
"""The contexts of a settings schema's own texts, as JupyterLab has them; those of its properties are "settings"."""

_PLACEHOLDER = re.compile(r"%[0-9]|\{\w+[^{}]*\}")
_CHINESE = "\u4e00-\u9fff"
_FULL_WIDTH = "\uff0c\u3002\uff1b\uff1a\uff01\uff1f\u3001\uff08\uff09"
_STYLE = {
    "half-width punctuation": re.compile(rf"[{_CHINESE}][,;:!?(]|[,;!?][{_CHINESE}]|[{_CHINESE}]\.(?:\s|$)"),
    "no space between Chinese and Latin": re.compile(rf"[{_CHINESE}][A-Za-z0-9`]|[A-Za-z0-9`][{_CHINESE}]"),
    "a space beside full-width punctuation": re.compile(rf" [{_FULL_WIDTH}]|[{_FULL_WIDTH}] "),
}


class Found(NamedTuple):
    """A text in the source."""

    file: str
    id: Union[str, Tuple[str, ...]]
    context: Optional[str] = None


def extracted() -> Iterator[Found]:
    """Yield every text of the source that is to be translated."""
    for path in sorted(PACKAGE.rglob("*.py")):
        if "simulator" not in path.parts and "labextension" not in path.parts:
            yield from _from_code(path, "python", path.read_bytes(), _PYTHON)
    for path in sorted((PAGE / "src").rglob("*.ts")):
        # Babel knows the names of functions, not of methods.
        code = _CALL.sub(r"\1(", path.read_text(encoding="utf-8"))
        yield from _from_code(path, "javascript", code.encode(), _TYPESCRIPT)
    for path in sorted((PAGE / "schema").glob("*.json")):
        yield from _from_schema(path)


def _from_code(path: pathlib.Path, method: str, code: bytes, keywords: Any) -> Iterator[Found]:
    for _line, text, _comments, context in extract(method, io.BytesIO(code), keywords):
        yield Found(_name(path), text, context)


def _from_schema(path: pathlib.Path) -> Iterator[Found]:
    schema = json.loads(path.read_bytes())
    for key, context in _SCHEMA_TEXTS.items():
        yield Found(_name(path), schema[key], context)
    for each in schema["properties"].values():
        for key in ("title", "description"):
            yield Found(_name(path), each[key], "settings")
    for items in schema.get("jupyter.lab.toolbars", {}).values():
        for item in items:
            if "label" in item:
                yield Found(_name(path), item["label"], "toolbar")


def _name(path: pathlib.Path) -> str:
    return path.relative_to(ROOT).as_posix()


def template() -> Catalog:
    """Return a catalogue of all texts, without translations."""
    catalog = _catalog()
    for found in sorted(extracted(), key=lambda found: found.file.startswith("labextension")):
        flags = ["python-brace-format"] if found.file.endswith(".py") and "{" in str(found.id) else []
        catalog.add(found.id, locations=[(found.file, 0)], context=found.context, flags=flags)
    return catalog


def _catalog() -> Catalog:
    header = "\n".join(f"# {line}".rstrip() for line in HEADER.splitlines())
    return Catalog(locale=LOCALE, domain=DOMAIN, project=DOMAIN, header_comment=header, charset="utf-8", fuzzy=False)


def translations() -> Catalog:
    """Return the catalogue as it is in the .po file."""
    with PO.open("rb") as file:
        return read_po(file, locale=LOCALE, domain=DOMAIN)


def updated(old: Catalog) -> Catalog:
    """Return the template with the translations there are; those of texts that are gone are dropped."""
    new = template()
    for message in new:
        known = old.get(message.id, message.context) if message.id else None
        if known is not None:
            message.string = known.string
            message.flags |= known.flags & {"fuzzy"}
    return new


def po(catalog: Catalog) -> bytes:
    """Return the content of a .po file, without what changes with every line of the source."""
    file = io.BytesIO()
    write_po(file, catalog, width=118, omit_header=True, include_lineno=False, ignore_obsolete=True)
    header = "\n".join(f"# {line}".rstrip() for line in HEADER.splitlines())
    entry = (
        'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n"Content-Transfer-Encoding: 8bit\\n"\n'
        f'"Language: {LOCALE}\\n"\n"Plural-Forms: nplurals=1; plural=0;\\n"\n'
    )
    return f"{header}\n{entry}\n".encode() + file.getvalue()


class _Compiled(Catalog):
    """A catalogue whose header has neither dates nor versions, so that the same texts make the same file."""

    @property  # type: ignore[misc]
    def mime_headers(self) -> List[Tuple[str, str]]:
        """What a reader of the file needs."""
        return [("Content-Type", "text/plain; charset=utf-8"), ("Plural-Forms", "nplurals=1; plural=0;")]


def compiled(catalog: Catalog) -> Tuple[bytes, bytes]:
    """Return the .mo file of Python's texts, and the .json file of the page's."""
    python, page = _Compiled(locale=LOCALE, charset="utf-8"), {"": _page_header()}
    for message in catalog:
        if not message.id:
            continue
        places = [file for file, _line in message.locations]
        if any(file.endswith(".py") for file in places):
            python.add(message.id, message.string, context=message.context)
        if any(file.startswith("labextension") for file in places):
            page.update(_page_entry(message))
    mo = io.BytesIO()
    write_mo(mo, python)
    return mo.getvalue(), (json.dumps(page, ensure_ascii=False, sort_keys=True, separators=(",", ":")) + "\n").encode()


def _page_header() -> Any:
    return {"domain": DOMAIN, "language": "zh-CN", "plural_forms": "nplurals=1; plural=0;"}


def _page_entry(message: Message) -> Dict[str, Any]:
    singular = message.id if isinstance(message.id, str) else message.id[0]
    key = f"{message.context}\x04{singular}" if message.context else singular
    if isinstance(message.id, str):
        return {key: [message.string]}
    # JupyterLab takes a plural for missing where it has a single form.
    return {key: 2 * _strings(message)}


def _strings(message: Message) -> List[str]:
    return [message.string or ""] if isinstance(message.string, str) else list(message.string or [""])


def problems(catalog: Catalog) -> List[str]:
    """Return what is wrong with the translations."""
    return [
        f"{problem}: {message.id!r}" + (f" -> {message.string!r}" if message.string else "")
        for message in catalog
        if message.id
        for problem in _problems_of(message)
    ]


def _problems_of(message: Message) -> Iterator[str]:
    sources = (message.id,) if isinstance(message.id, str) else tuple(message.id)
    strings = _strings(message)
    if "fuzzy" in message.flags:
        yield "fuzzy"
    if not all(strings):
        yield "missing"
        return
    for string in strings:
        if sorted(set(_PLACEHOLDER.findall(string))) != sorted(set(_PLACEHOLDER.findall(sources[-1]))):
            yield "other placeholders"
        if string.count("\n") != sources[-1].count("\n"):
            yield "other lines"
        for name, pattern in _STYLE.items():
            if pattern.search(_PLACEHOLDER.sub("\0", string)):
                yield name


def stale(catalog: Catalog) -> List[str]:
    """Return the files that are not what the source and the translations make of them."""
    wanted = {PO: po(catalog), **dict(zip((MO, JSON), compiled(catalog)))}
    return [f"stale: {_name(path)}" for path, content in wanted.items() if _read(path) != content]


def _read(path: pathlib.Path) -> bytes:
    return path.read_bytes() if path.exists() else b""


def main(check: bool) -> int:
    """Update and compile unless only a check is wanted; print what is wrong, and return the exit code."""
    catalog = updated(translations())
    if not check:
        PO.write_bytes(po(catalog))
        catalog = translations()
        for path, content in zip((MO, JSON), compiled(catalog)):
            path.write_bytes(content)
    found = problems(catalog) + stale(catalog)
    print("\n".join(found) or f"{len(catalog)} texts, all translated.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
