"""What the service answered last: its shape, for a report from an installation that nobody else can see."""

from __future__ import annotations

import logging
import re
from typing import Callable, Dict, List, Mapping, NamedTuple, Sequence, Tuple

from ..redaction import Secret
from .shapes import NOTEBOOK, shape_of

Observe = Callable[[str, str, int, Mapping[str, str], bytes], None]
"""Is called with method, path, status, headers and body of a response."""

_log = logging.getLogger("jupyter_notebook_stop")

MAX_ANSWERS = 6
_MAX_TEXTS = 60

_MEDIA_TYPE = re.compile(r"(application|text)/[a-z0-9.+-]{1,40}")
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
        self._answers: Dict[Tuple[str, int], Answer] = {}

    @property
    def latest(self) -> List[Answer]:
        """The responses, the latest last."""
        return [*self._answers.values()]

    def note(self, method: str, path: str, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """Remember a response to a request for an instance, its stop or its lease."""
        try:
            self._note(method, path, status, headers, body)
        except Exception as error:
            # A stop must not fail because its response has a shape that nobody thought of.
            _log.warning("The shape of a response could not be found (%s)", type(error).__name__)

    def _note(self, method: str, path: str, status: int, headers: Mapping[str, str], body: bytes) -> None:
        last = path.rpartition("/")[2]
        operation = f"{method} {last if last in ('stop', 'lease') else 'notebook'}"
        documented = NOTEBOOK if 200 <= status < 300 and not operation.endswith("lease") else None
        shape = shape_of(body, documented, self._secrets())
        media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
        answer = Answer(
            operation,
            status,
            (media_type if _MEDIA_TYPE.fullmatch(media_type) else "another") if media_type else "none",
            tuple(name for name in _HEADERS if name in headers),
            tuple(shape.lines),
            tuple((at, Secret(text[:2000])) for at, text in shape.texts[:_MAX_TEXTS]),
        )
        # Taken out first: the latest goes last.
        self._answers.pop((operation, status), None)
        self._answers[operation, status] = answer
        while len(self._answers) > MAX_ANSWERS:
            del self._answers[next(iter(self._answers))]
