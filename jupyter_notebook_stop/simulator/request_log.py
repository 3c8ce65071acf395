"""One received request, as the simulator's log keeps it."""

from __future__ import annotations

from dataclasses import dataclass, field

from tornado.httputil import HTTPHeaders


@dataclass
class Request:
    """A request with everything that was sent; its repr shows none of the secrets.

    Attributes
    ----------
    operation
        One of `operations.OPERATIONS`, or ``"unknown"``.
    method, path
        From the request line; the path is raw, without the query.
    query
        The decoded pairs of the query.
    headers
        The values are text as the sender meant it; names are matched in any case.
    body
        The bytes as received.
    time
        Seconds since the epoch, by the simulator's clock.
    status
        The status of the response; None before there is one, and if the
        connection was closed without one.
    took_effect
        Whether the operation was carried out.
    """

    operation: str
    method: str
    path: str
    query: list[tuple[str, str]] = field(repr=False)
    headers: HTTPHeaders = field(repr=False)
    body: bytes = field(repr=False)
    time: float
    status: int | None = None
    took_effect: bool = False
    request_id: str = ""
