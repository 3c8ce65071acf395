"""The log of what was asked, with all that was sent and nothing that prints it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field


class Headers(Mapping[str, str]):
    """The headers of a request by lower-case name; its repr gives names only."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = {name.lower(): value for name, value in values.items()}

    def __getitem__(self, name: str) -> str:
        return self._values[name.lower()]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"<Headers {', '.join(sorted(self._values))}>"


@dataclass
class Request:
    """One request as it came.

    Attributes
    ----------
    operation
        One of `rules.OPERATIONS`, or ``"unknown"``.
    method, path
        From the request line; the path is raw, without the query.
    query
        The decoded pairs of the query.
    headers
        By name in any case; values are text as their sender meant it.
    body
        The bytes as they came.
    time
        Seconds since the epoch, by the simulator's clock.
    status
        The status of the answer; None while there is none, and if the
        connection was broken without one.
    took_effect
        Whether the operation was carried out.
    """

    operation: str
    method: str
    path: str
    query: list[tuple[str, str]] = field(repr=False)
    headers: Headers
    body: bytes = field(repr=False)
    time: float
    status: int | None = None
    took_effect: bool = False
    request_id: str = ""
