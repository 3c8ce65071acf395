"""Texts that somebody else may read: what names a person, a machine or a thing in them is replaced by placeholders."""

from __future__ import annotations

import contextlib
import functools
import re
from typing import Dict, Iterable, Mapping, Match, Set
from urllib.parse import urlsplit

from .redaction import one_line, redact

MAX_LINE = 400
"""Longest line that is kept, in characters."""

_SHORTEST = 4
"""A value that is shorter is no name of anything: it would be found in every second word."""

# As texts: they are compiled at their first use, which is a report.
_FORMS = (
    ("email", r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"),
    ("id", r"(?i)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"),
    ("id", r"(?i)(?<![0-9a-z])(?=[a-f]*[0-9])[0-9a-f]{16,}(?![0-9a-z])"),
    # The digits tell it from a long name of a module or a setting.
    ("text", r"(?a)(?<![\w+=])(?=(?:[^\d\s]*\d){4})(?=[\d_+=]*[A-Za-z])[\w+=]{20,}(?![\w+=])"),
    ("address", r"(?<![\w.])(?!127\.|0\.0\.0\.0)\d{1,3}(?:\.\d{1,3}){3}(?![\w.])"),
)
_SECRET_NAME = r"(?i)token|secret|passw|credential|(?:^|_)(?:ak|sk)(?:_|$)|key(?:_id)?$|cookie"
_SHORTEST_SECRET = 6
"""A value that is shorter is no secret, or cannot be told from other text, in characters."""

_HOME = r"(?<=/home/)[^/\s\"',;:]+|(?<=/Users/)[^/\s\"',;:]+|(?<=\\Users\\)[^\\\s\"',;:]+"


class UserName(str):
    """The name of a user among the arguments of a log line, which a report leaves out."""

    __slots__ = ()


def secrets_in(environ: Mapping[str, str]) -> Set[str]:
    """Return the values of variables whose names say that they are secret, and what proxies' addresses contain."""
    found = set()
    for name, value in environ.items():
        if re.search(_SECRET_NAME, name):
            found.add(value.strip())
        if name.lower().endswith("_proxy"):
            with contextlib.suppress(ValueError):
                parts = urlsplit(value)
                found |= {parts.username or "", parts.password or ""}
    return {value for value in found if len(value) >= _SHORTEST_SECRET}


def alphanumeric(text: str) -> str:
    """Return the letters and digits of a text, however they are separated and capitalized."""
    return "".join(filter(str.isalnum, text)).lower()


def reveals_secret(text: str, secrets: Iterable[str], part: int = 8) -> bool:
    """Return whether a short text contains a secret, or is or contains a part of one.

    Parameters
    ----------
    part
        So many letters and digits in a row, as the secret has them, are a part of it.
    """
    plain = alphanumeric(text)
    pieces = {plain[at : at + part] for at in range(max(1, len(plain) - part + 1))}
    for secret in map(alphanumeric, secrets):
        if secret and (secret in plain or (len(plain) > _SHORTEST and any(piece in secret for piece in pieces))):
            return True
    return False


class Pseudonyms:
    """Replaces names, ids and addresses, each by the same placeholder wherever it occurs.

    Parameters
    ----------
    secrets
        What must not be seen at all.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self.secrets: Set[str] = {secret for secret in secrets if secret}
        self._known: Dict[str, str] = {}
        self._numbers: Dict[str, Dict[str, int]] = {}

    def add(self, value: str | None, name: str) -> None:
        """Have `value` replaced by ``<name>``; what is known already keeps its placeholder."""
        value = (value or "").strip()
        # A plain number, version or switch is a part of too much else.
        if len(value) >= _SHORTEST and not re.fullmatch(r"[\d.]{1,8}|(?i:true|false|none|null)", value):
            self._known.setdefault(value.lower(), f"<{name}>")

    def __call__(self, text: str) -> str:
        """Return `text` in one line, with placeholders."""
        text = redact(one_line(text[: 16 * MAX_LINE]), *self.secrets)
        for value in sorted(self._known, key=len, reverse=True):
            # A part of a longer word is something else.
            word = rf"(?i)(?<![^\W_]){re.escape(value)}(?![^\W_])"
            text = re.sub(word, self._known[value].replace("\\", ""), text)
        for kind, form in _FORMS:
            text = re.sub(form, functools.partial(self._numbered, kind), text)
        text = re.sub(_HOME, "<user>", text)
        return text if len(text) <= MAX_LINE else text[: MAX_LINE - 1] + "…"

    def _numbered(self, kind: str, found: Match[str]) -> str:
        numbers = self._numbers.setdefault(kind, {})
        return f"<{kind}-{numbers.setdefault(found[0].lower(), len(numbers) + 1)}>"
