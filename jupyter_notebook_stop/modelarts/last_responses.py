"""What the service answered last: its shape, for a report from an installation that nobody else can see."""

from __future__ import annotations

import logging
import re
from typing import Callable, Dict, List, Mapping, NamedTuple, Sequence, Tuple, Union

import msgspec

from ..redaction import Secret

Observe = Callable[[str, str, int, Mapping[str, str], bytes], None]
"""Is called with method, path, status, headers and body of a response."""

_log = logging.getLogger("jupyter_notebook_stop")

MAX_RESPONSES = 6
_MAX_KEPT = 128 * 1024
"""How much of a body is kept, in bytes: of so large a one nothing is told."""
_MAX_TEXTS = 60

_MEDIA_TYPE = r"(application|text)/[a-z0-9.+-]{1,40}"
_HEADERS = ("date", "retry-after", "x-request-id", "location", "via")
"""Headers that this package or a proxy on the way makes something of."""


class ResponseSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A response of the service, without its contents: a part of a report.

    Attributes
    ----------
    operation
        What was asked for: ``GET notebook``, ``POST stop`` or ``PATCH lease``.
    media_type
        Of the body; ``none`` if it has none, ``another`` if that is not of the usual form.
    headers
        The names of those that matter.
    fields
        One line for each, see `shapes`.
    """

    operation: str
    status: int
    media_type: str
    headers: Tuple[str, ...] = ()
    fields: Tuple[str, ...] = ()


class LastResponse(NamedTuple):
    """What is remembered of a response.

    Attributes
    ----------
    texts
        Its free texts with the path of each, so that they can be replaced elsewhere.
    """

    summary: ResponseSummary
    texts: Tuple[Tuple[str, Secret], ...]


class LastResponses:
    """Remembers the latest response of each kind.

    Parameters
    ----------
    secrets
        Returns what must not be seen.
    """

    def __init__(self, secrets: Callable[[], Sequence[str]]) -> None:
        self._secrets = secrets
        self._responses: Dict[Tuple[str, int], Union[LastResponse, Callable[[], LastResponse]]] = {}

    @property
    def latest(self) -> List[LastResponse]:
        """The responses, the latest last."""
        found = []
        for key, response in [*self._responses.items()]:
            if not isinstance(response, LastResponse):
                try:
                    response = response()
                except Exception as error:
                    # A report must not fail because a response has a shape that nobody thought of.
                    _log.warning("The shape of a response could not be found (%s)", type(error).__name__)
                    del self._responses[key]
                    continue
                self._responses[key] = response
            found.append(response)
        return found

    def note(self, method: str, path: str, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """Remember a response to a request for an instance, its stop or its lease."""
        last = path.rpartition("/")[2]
        operation = f"{method} {last if last in ('stop', 'lease') else 'notebook'}"
        kept = {name: headers[name] for name in ("content-type", *_HEADERS) if name in headers}
        # The keys of today, since a response may repeat them.
        secrets, body = tuple(self._secrets()), body[:_MAX_KEPT]
        # Taken out first: the latest goes last.
        self._responses.pop((operation, status), None)
        # Hardly any process makes a report, and what a shape needs takes longer to load than a response to read.
        self._responses[operation, status] = lambda: _describe(operation, status, kept, body, secrets)
        while len(self._responses) > MAX_RESPONSES:
            del self._responses[next(iter(self._responses))]


def _describe(
    operation: str, status: int, headers: Mapping[str, str], body: bytes, secrets: Sequence[str]
) -> LastResponse:
    from .shapes import NOTEBOOK, shape_of

    documented = NOTEBOOK if 200 <= status < 300 and not operation.endswith("lease") else None
    shape = shape_of(body, documented, secrets)
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    summary = ResponseSummary(
        operation=operation,
        status=status,
        media_type=(media_type if re.fullmatch(_MEDIA_TYPE, media_type) else "another") if media_type else "none",
        headers=tuple(name for name in _HEADERS if name in headers),
        fields=tuple(shape.lines),
    )
    return LastResponse(summary, tuple((at, Secret(text[:2000])) for at, text in shape.texts[:_MAX_TEXTS]))
