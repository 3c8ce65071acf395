"""What keeps secrets out of sight: a text that can't be printed by accident."""

from __future__ import annotations

import html
import re
from typing import Iterator, NoReturn
from urllib.parse import quote

HIDDEN = "********"

_TELLING = 16
"""So many characters give a secret away."""

# The gateway's APIGW.0301 answer can echo the canonical request, whose signed headers hold the security token.
_SENSITIVE = re.compile(
    r"(?i)(?P<name>x-security-token|x-auth-token|authorization|signature|access(?=\s*=)|access_?key(?:_?id)?|security_?token|auth_?token"
    r"|secret(?:_?(?:access_?)?key)?|\btoken|\bak\b|\bsk\b)"
    r"(?P<mark>[\"']?\s*[:=]\s*\[?|[\"']\s*,\s*(?=[\"']))"
    r"(?P<quote>[\"']?)(?!\*{8})(?P<value>(?:(?:SDK-HMAC-SHA256|Bearer|Basic|Negotiate|NTLM|token) )?[^\s,;\"'\\&<>]+)"
)


class Secret:
    """A text that shows itself only to who asks for it by `reveal`.

    Neither ``repr``, ``str``, ``format`` nor pickling gives it away, and JSON
    encoders don't know the type.
    """

    __slots__ = ("__value",)

    def __init__(self, value: str) -> None:
        self.__value = value

    def reveal(self) -> str:
        """Return the text itself."""
        return self.__value

    def __bool__(self) -> bool:
        return bool(self.__value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other.__value == self.__value

    def __hash__(self) -> int:
        return hash((Secret, self.__value))

    def __repr__(self) -> str:
        return f"Secret('{HIDDEN}')"

    def __str__(self) -> str:
        return HIDDEN

    def __format__(self, spec: str) -> str:
        return format(HIDDEN, spec)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret can't be pickled")

    def __getstate__(self) -> NoReturn:
        raise TypeError("a secret can't be pickled")

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: object) -> Secret:
        return self


def _forms(secret: str) -> Iterator[str]:
    """Yield the ways in which an answer may write a secret."""
    yield from (secret, secret.replace("/", "\\/"), secret.replace("/", "\\\\/"), html.escape(secret), quote(secret))
    for spelling in ("%{:02X}", "%{:02x}", "&#x{:X};", "&#x{:x};", "&#{};", "\\u{:04x}", "\\u{:04X}"):
        yield "".join(each if each.isalnum() or each in "-._~" else spelling.format(ord(each)) for each in secret)


def one_line(text: str) -> str:
    """Return the text without what could forge a line of a log or move a terminal's cursor."""
    return " ".join(re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+", " ", text).split())


def redact(text: str, *secrets: str, limit: int | None = None) -> str:
    """Return `text` without the given secrets and without what looks like one.

    Parameters
    ----------
    text
        A text from outside, such as the message of an error answer.
    *secrets
        Values known to be secret; empty ones are passed over.
    limit
        How many characters are kept, since looking for what resembles a secret takes time. A known secret is
        recognised before the text is cut, and half of what resembles one is still hidden.
    """
    if limit is not None:
        # Written as entities, a secret is six times as long.
        text = text[: limit + 6 * max(map(len, secrets), default=0)]
    # The longest first, since one may begin with another.
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        for form in dict.fromkeys(_forms(secret)):
            if form.strip("*"):
                text = text.replace(form, HIDDEN)
        if len(secret) > _TELLING:
            # An echo may be cut.
            text = re.sub(re.escape(secret[:_TELLING]) + r"[^\s\"'<>,;]*", HIDDEN, text)
    text = text[:limit]
    return _SENSITIVE.sub(lambda m: f"{m['name']}{m['mark']}{m['quote']}{HIDDEN}", text)
