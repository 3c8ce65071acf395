"""What the service answered last: its shape, for a report from an installation that nobody else can see."""

from __future__ import annotations

import logging
import re
from typing import Callable, Dict, List, Mapping, NamedTuple, Sequence, Tuple, Union

from ..redaction import Secret

Observe = Callable[[str, str, int, Mapping[str, str], bytes], None]
"""Is called with method, path, status, headers and body of a response."""

_log = logging.getLogger("jupyter_notebook_stop")

MAX_ANSWERS = 6
_MAX_KEPT = 128 * 1024
"""How much of a body is kept, in bytes: of so large a one nothing is told."""
_MAX_TEXTS = 60

_MEDIA_TYPE = r"(application|text)/[a-z0-9.+-]{1,40}"
_HEADERS = ("date", "retry-after", "x-request-id", "location", "via")
"""Headers that this package or a proxy on the way makes something of."""


class Answer(NamedTuple):
    """A response, without its contents.

    Attributes
    ----------
    operation
        What was asked for: ``GET notebook``, ``POST stop`` or ``PATCH lease``.
    headers
        The names of those that matter.
    fields
        One line for each, see `shapes`.
    texts
        Its free texts with the path of each, so that they can be replaced elsewhere.
    """

    operation: str
    status: int
    media_type: str
    headers: Tuple[str, ...]
    fields: Tuple[str, ...]
    texts: Tuple[Tuple[str, Secret], ...]


class LastAnswers:
    """Remembers the latest response of each kind.

    Parameters
    ----------
    secrets
        Returns what must not be seen.
    """

    def __init__(self, secrets: Callable[[], Sequence[str]]) -> None:
        self._secrets = secrets
        self._answers: Dict[Tuple[str, int], Union[Answer, Callable[[], Answer]]] = {}

    @property
    def latest(self) -> List[Answer]:
        """The responses, the latest last."""
        found = []
        for key, answer in [*self._answers.items()]:
            if not isinstance(answer, Answer):
                try:
                    answer = answer()
                except Exception as error:
                    # A report must not fail because a response has a shape that nobody thought of.
                    _log.warning("The shape of a response could not be found (%s)", type(error).__name__)
                    del self._answers[key]
                    continue
                self._answers[key] = answer
            found.append(answer)
        return found

    def note(self, method: str, path: str, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """Remember a response to a request for an instance, its stop or its lease."""
        last = path.rpartition("/")[2]
        operation = f"{method} {last if last in ('stop', 'lease') else 'notebook'}"
        kept = {name: headers[name] for name in ("content-type", *_HEADERS) if name in headers}
        # The keys of today, since a response may repeat them.
        secrets, body = tuple(self._secrets()), body[:_MAX_KEPT]
        # Taken out first: the latest goes last.
        self._answers.pop((operation, status), None)
        # Hardly any process makes a report, and what a shape needs takes longer to load than a response to read.
        self._answers[operation, status] = lambda: _answer(operation, status, kept, body, secrets)
        while len(self._answers) > MAX_ANSWERS:
            del self._answers[next(iter(self._answers))]


def _answer(operation: str, status: int, headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> Answer:
    from .shapes import NOTEBOOK, shape_of

    documented = NOTEBOOK if 200 <= status < 300 and not operation.endswith("lease") else None
    shape = shape_of(body, documented, secrets)
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    return Answer(
        operation,
        status,
        (media_type if re.fullmatch(_MEDIA_TYPE, media_type) else "another") if media_type else "none",
        tuple(name for name in _HEADERS if name in headers),
        tuple(shape.lines),
        tuple((at, Secret(text[:2000])) for at, text in shape.texts[:_MAX_TEXTS]),
    )
