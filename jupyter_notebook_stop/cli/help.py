"""What ``--help`` shows: what a command is for, its own options and its exit codes, in the language of the process.

What all Jupyter commands have in common is left to ``--help-all``.
"""

from __future__ import annotations

import re
from typing import Any, Iterator, List, Tuple

from jupyter_core.application import base_aliases, base_flags

from ..notebook.cards import columns
from ..translation import _, gettext, localized

WIDTH = 80

EXIT_CODES = (
    ("0", _("success")),
    ("1", _("refused or failed")),
    ("2", _("wrong usage")),
    ("3", _("not in an instance, or the instance could not be identified")),
    ("4", _("credentials missing or rejected")),
    ("5", _("a document could not be saved, or the stop was cancelled")),
    ("130", _("interrupted by Ctrl-C")),
)

_WIDE = "\u2e80-\u9fff\uff00-\uffef\u201c\u201d\u2026"
_OPENING, _CLOSING = "\uff08\u201c", "\uff0c\u3002\uff1b\uff1a\uff01\uff1f\u3001\uff09\u201d\u2026"
_BREAKS = re.compile(
    rf"(?<=\s)(?=\S)|(?<![\s{_OPENING}])(?:(?<=[{_WIDE}])|(?=[{_WIDE}]))(?![\s{_CLOSING}])",
)
"""Where a line may end: after a space, and beside a Chinese character that no punctuation belongs to."""


def short_help(app: Any) -> Iterator[str]:
    """Yield the lines of the help of a command."""
    options = list(_options(app))
    parts = gettext("COMMAND [OPTIONS]") if app.subcommands else gettext("[OPTIONS]") if options else ""
    yield from fold(localized(app.description))
    yield ""
    usage = f"{_spoken(app.name)} {parts}".rstrip()
    yield gettext("Usage: {command}", command=usage)
    if app.subcommands:
        commands = [(name, localized(help)) for name, (_command, help) in app.subcommands.items()]
        yield from _section(gettext("Commands"), commands)
        yield ""
        command = f"{_spoken(app.name)} COMMAND --help"
        yield from fold(gettext("{command} lists the options of a command.", command=command))
    if options:
        yield from _section(gettext("Options"), options)
    if app.examples:
        yield from ("", gettext("Examples"))
        yield from (f"  {line}" for line in localized(app.examples).splitlines())
    yield from _section(gettext("Exit codes"), [(code, localized(meaning)) for code, meaning in EXIT_CODES])
    yield from ("", gettext("--help-all shows all settings, and the options that all Jupyter commands have."))


def _spoken(name: str) -> str:
    """Return the name of a command as a user types it."""
    command, _separator, subcommand = name.partition("-stop-")
    command = command.replace("jupyter-", "jupyter ", 1)
    return f"{command}-stop {subcommand}" if subcommand else command


def _options(app: Any) -> Iterator[Tuple[str, str]]:
    """Yield the options that other commands of Jupyter have not, or not with this meaning, each with its help."""
    flags: List[Tuple[List[str], str]] = []
    for name, (values, help) in app.flags.items():
        if base_flags.get(name) == (values, help):
            continue
        spelling = f"--{name}" if len(name) > 1 else f"-{name}"
        if flags and flags[-1][1] == help:
            flags[-1][0].append(spelling)
        else:
            flags.append(([spelling], help))
    for names, help in flags:
        yield ", ".join(names), localized(help)
    traits = app.class_traits(config=True)
    for name, longname in app.aliases.items():
        if base_aliases.get(name) != longname:
            trait = traits[longname.partition(".")[2]]
            yield f"--{name}={trait.metadata['value']}", localized(trait.help)


def _section(title: str, rows: List[Tuple[str, str]]) -> Iterator[str]:
    yield from ("", title)
    widest = max(columns(name) for name, _text in rows)
    for name, text in rows:
        first, *others = fold(text, WIDTH - widest - 4)
        yield f"  {name}{' ' * (widest - columns(name))}  {first}"
        yield from (" " * (widest + 4) + line for line in others)


def fold(text: str, width: int = WIDTH) -> Iterator[str]:
    """Yield a text in lines of at most `width` columns, as far as its words allow."""
    for paragraph in text.splitlines():
        line = ""
        for piece in _BREAKS.split(paragraph):
            if line and columns((line + piece).rstrip()) > width:
                yield line.rstrip()
                line = ""
            line += piece
        yield line.rstrip()
