"""Keeps secrets hidden: a text that cannot be printed by accident, and the redaction of other texts."""

from __future__ import annotations

import re
from typing import Iterator, NoReturn
from urllib.parse import quote

HIDDEN = "********"

_MIN_PREFIX = 16
"""Length from which the beginning of a secret is redacted too, in characters."""

# The gateway's APIGW.0301 response can echo the canonical request, whose signed headers contain the security token.
# It is compiled at its first use, as that takes longer than all else here.
_SENSITIVE = (
    r"(?i)(?P<name>x-security-token|x-auth-token|authorization|signature|access(?=\s*=)|access_?key(?:_?id)?|security_?token|auth_?token"
    r"|secret(?:_?(?:access_?)?key)?|\btoken|\bak\b|\bsk\b)"
    r"(?P<mark>[\"']?\s*[:=]\s*\[?|[\"']\s*,\s*(?=[\"']))"
    r"(?P<quote>[\"']?)(?!\*{8})(?P<value>(?:(?:SDK-HMAC-SHA256|Bearer|Basic|Negotiate|NTLM|token) )?[^\s,;\"'\\&<>]+)"
)


class Secret:
    """A text that only `reveal` returns.

    Neither ``repr``, ``str``, ``format`` nor pickling shows it, and JSON
    encoders do not know the type.
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
        raise TypeError("a secret cannot be pickled")

    def __getstate__(self) -> NoReturn:
        raise TypeError("a secret cannot be pickled")

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: object) -> Secret:
        return self


def _forms(secret: str) -> Iterator[str]:
    """Yield the ways in which a response may write a secret."""
    import html

    yield from (secret, secret.replace("/", "\\/"), secret.replace("/", "\\\\/"), html.escape(secret), quote(secret))
    for spelling in ("%{:02X}", "%{:02x}", "&#x{:X};", "&#x{:x};", "&#{};", "\\u{:04x}", "\\u{:04X}"):
        yield "".join(each if each.isalnum() or each in "-._~" else spelling.format(ord(each)) for each in secret)


def one_line(text: str) -> str:
    """Return the text without characters that could forge a line of a log or move a terminal's cursor."""
    return " ".join(re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+", " ", text).split())


def redact(text: str, *secrets: str, limit: int | None = None) -> str:
    """Return `text` without the given secrets and without whatever looks like one.

    Parameters
    ----------
    text
        A text from outside, such as the message of an error response.
    *secrets
        Known secrets; empty ones are ignored.
    limit
        How many characters are kept, since the search for what looks like a secret takes time. Known secrets are
        redacted before the text is cut, and of what looks like one even half is redacted.
    """
    if limit is not None:
        # Written as entities, a secret is six times as long.
        text = text[: limit + 6 * max(map(len, secrets), default=0)]
    # The longest first, since one may begin with another.
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        for form in dict.fromkeys(_forms(secret)):
            if form.strip("*"):
                text = text.replace(form, HIDDEN)
        if len(secret) > _MIN_PREFIX:
            # The echo may be truncated.
            text = re.sub(re.escape(secret[:_MIN_PREFIX]) + r"[^\s\"'<>,;]*", HIDDEN, text)
    text = text[:limit]
    return re.sub(_SENSITIVE, lambda m: f"{m['name']}{m['mark']}{m['quote']}{HIDDEN}", text)
