"""Texts that are written in English, and say the same in the reader's language.

What the cloud side and the policy have to say is made with `_`: it is English to
a log and to a program, and keeps what a translation needs. Each surface
translates at its edge: the server into the language of the request, a kernel or
a terminal into that of its process. No catalogue is read before a reader of
another language comes.
"""

from __future__ import annotations

import os
import pathlib
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Dict, Iterable, Mapping, Optional, Tuple, Union

if TYPE_CHECKING:
    from gettext import GNUTranslations

ENGLISH = "en"
CHINESE = "zh_CN"

DOMAIN = "jupyter_notebook_stop"

_LOCALE = pathlib.Path(__file__).parent / "locale"

_TRADITIONAL = frozenset({"hant", "tw", "hk", "mo"})

_chosen: Optional[str] = None


class Text(str):
    """A text in English that can be translated.

    Attributes
    ----------
    message, plural
        What the catalogue has: a text with ``{name}`` for each argument, and the same for more than one.
    number
        What decides between the two, if there is a plural.
    arguments
        What stands for each name, or the parts that a separator joins; they are translated too.
    """

    __slots__ = ("arguments", "message", "number", "plural")
    message: str
    plural: Optional[str]
    number: int
    arguments: Union[Mapping[str, Any], Tuple[Any, ...]]

    def __new__(
        cls,
        english: str,
        message: str = "",
        plural: Optional[str] = None,
        number: int = 1,
        arguments: Union[Mapping[str, Any], Tuple[Any, ...], None] = None,
    ) -> Text:
        """Make a text whose value is `english`."""
        text = super().__new__(cls, english)
        text.message, text.plural, text.number = message, plural, number
        # No parts to join are not the same as no arguments.
        text.arguments = {} if arguments is None else arguments
        return text

    def join(self, parts: Iterable[Any]) -> Text:
        """Return the parts with this text between them; all of them are translated together."""
        parts = tuple(parts)
        return Text(str.join(str(self), parts), self.message, arguments=parts)

    def into(self, language: str) -> str:
        """Return the text in `language`, as far as there is a translation."""
        catalogue = _catalogue(language)
        if catalogue is None:
            return str(self)
        form = catalogue.ngettext(self.message, self.plural, self.number) if self.plural else None
        form = form or (catalogue.gettext(self.message) if self.message else str(self))
        if isinstance(self.arguments, tuple):
            return form.join(str(translate(part, language)) for part in self.arguments)
        arguments = {name: translate(value, language) for name, value in self.arguments.items()}
        try:
            return form.format(**arguments) if arguments else form
        except (LookupError, ValueError, AttributeError):
            # Kept by another version.
            return str(self)


def _(message: str, /, **arguments: Any) -> Text:
    """Return a text to be translated when it is shown; ``{name}`` in it stands for an argument."""
    return Text(message.format(**arguments) if arguments else message, message, arguments=arguments)


def _n(message: str, plural: str, n: int, /, **arguments: Any) -> Text:
    """Return one of two texts, depending on the number `n`, which ``{n}`` stands for."""
    arguments["n"] = n
    return Text((message if n == 1 else plural).format(**arguments), message, plural, n, arguments)


def to_jsonable(text: Any) -> Any:
    """Return a text as JSON can keep it, to be translated by another process; see `from_jsonable`."""
    if not isinstance(text, Text):
        return text
    parts: Any
    if isinstance(text.arguments, tuple):
        parts = [to_jsonable(part) for part in text.arguments]
    else:
        parts = {name: to_jsonable(value) for name, value in text.arguments.items()}
    return {"text": str(text), "message": text.message, "plural": text.plural, "n": text.number, "arguments": parts}


def from_jsonable(kept: Any) -> Any:
    """Return what `to_jsonable` has made a form of.

    Raises
    ------
    KeyError
        When it is no such form.
    """
    if not isinstance(kept, dict):
        return kept
    parts = kept["arguments"]
    arguments: Union[Dict[str, Any], Tuple[Any, ...], None] = None
    if isinstance(parts, list):
        arguments = tuple(map(from_jsonable, parts))
    elif isinstance(parts, dict):
        arguments = {str(name): from_jsonable(value) for name, value in parts.items()}
    return Text(str(kept["text"]), str(kept["message"]), kept["plural"], kept["n"], arguments)


def translate(text: Any, language: str) -> Any:
    """Return a `Text` in `language`, and anything else as it is."""
    return text.into(language) if isinstance(text, Text) else text


def sentences(*parts: Optional[str]) -> Text:
    """Return sentences one after the other, those that there are."""
    text, *rest = filter(None, parts)
    for each in rest:
        # With a space between them, or without: as the language has it.
        text = _("{before} {after}", before=text, after=each)
    return text if isinstance(text, Text) else Text(text)


def encode_translated(text: object, language: str) -> str:
    """Return what a JSON encoder has no form for, a `Text`, in `language`.

    Raises
    ------
    NotImplementedError
        When it is anything else.
    """
    if isinstance(text, Text):
        return text.into(language)
    raise NotImplementedError(type(text).__name__)


def localized(text: str) -> str:
    """Return a text in the language of this process."""
    text = translate(text, process_language())
    return text


def encode_localized(text: object) -> str:
    """Return what a JSON encoder has no form for in the language of this process; see `encode_translated`."""
    return encode_translated(text, process_language())


def gettext(message: str, /, **arguments: Any) -> str:
    """Return a message in the language of this process; for kernels and terminals."""
    return localized(_(message, **arguments))


def ngettext(message: str, plural: str, n: int, /, **arguments: Any) -> str:
    """Return one of two messages in the language of this process; for kernels and terminals."""
    return localized(_n(message, plural, n, **arguments))


def set_language(language: str) -> None:
    """Have this process speak `language`; if that is empty, the language that its environment variables name."""
    global _chosen
    _chosen = (_supported(language) or ENGLISH) if language else None


def process_language() -> str:
    """Return the language of this process: the one that was set, else that of the environment variables."""
    return _chosen or _language_of(os.environ)


def _language_of(environ: Mapping[str, str]) -> str:
    # In the order of GNU gettext: the first variable that is set decides.
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        if environ.get(name):
            return next(filter(None, map(_supported, environ[name].split(":"))), ENGLISH)
    return ENGLISH


@lru_cache(maxsize=16)
def requested_language(header: str) -> str:
    """Return the language that an ``Accept-Language`` header prefers among those that there are."""
    ranked: Dict[str, float] = {}
    for part in header[:200].split(","):
        tag, _separator, weight = part.partition(";q=")
        language = _supported(tag.strip())
        if language:
            quality = float(weight) if re.fullmatch(r"[01](\.[0-9]{1,3})?", weight.strip()) else float(not weight)
            ranked.setdefault(language, quality)
    best = max(ranked, key=lambda language: ranked[language], default=ENGLISH)
    return best if ranked.get(best) else ENGLISH


def _supported(tag: str) -> Optional[str]:
    """Return the language that a tag such as ``zh-Hans-CN`` or ``zh_CN.UTF-8`` names, None if there is no such one."""
    language, *rest = re.split(r"[-_.@]", tag.lower())
    if language in ("en", "c", "posix"):
        return ENGLISH
    # Readers of traditional characters get English rather than the simplified ones.
    return CHINESE if language == "zh" and not _TRADITIONAL.intersection(rest) else None


@lru_cache(maxsize=8)
def _catalogue(language: str) -> Optional[GNUTranslations]:
    if language == ENGLISH:
        return None
    from gettext import GNUTranslations

    try:
        with open(_LOCALE / language / "LC_MESSAGES" / f"{DOMAIN}.mo", "rb") as file:
            return GNUTranslations(file)
    except (OSError, ValueError):
        return None
