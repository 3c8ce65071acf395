"""What the simulator sends back: plain responses, and errors in every shape that has been seen."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass, replace
from http.client import responses
from typing import Any

import msgspec

MARKER_HEADER = "X-Simulator"
MARKER = "jupyter_notebook_stop"
JSON = "application/json"
HTML = "text/html; charset=utf-8"

#: The shapes of an error body: the service's own spelling, two others, each of them nested, and a proxy's page.
ERROR_SHAPES = ("error_code", "errorCode", "code", "nested", "nested_errorCode", "nested_code", "html")

#: The names of code and message in the bodies that do not spell them ``error_code`` and ``error_msg``.
_SPELLINGS = {"errorCode": ("errorCode", "errorMsg"), "code": ("code", "message")}


def check_shape(shape: str) -> None:
    """Raise `ValueError` unless `shape` is one of `ERROR_SHAPES`."""
    if shape not in ERROR_SHAPES:
        raise ValueError(f"unknown error shape {shape!r}, known are {', '.join(ERROR_SHAPES)}")


@dataclass(frozen=True)
class Response:
    """A response before it is sent.

    Parameters
    ----------
    status
        HTTP status.
    body
        The body, as sent.
    content_type
        Empty for none.
    headers
        Further headers.
    """

    status: int
    body: bytes = b""
    content_type: str = JSON
    headers: tuple[tuple[str, str], ...] = ()

    def with_headers(self, headers: Mapping[str, str]) -> Response:
        """Return the same response with those of `headers` added that it does not have yet."""
        present = {name.lower() for name, _ in self.headers}
        added = tuple((name, value) for name, value in headers.items() if name.lower() not in present)
        return replace(self, headers=self.headers + added)

    @property
    def reason(self) -> str:
        """The reason phrase of the status."""
        return responses.get(self.status, "Unknown")

    @property
    def has_body(self) -> bool:
        """Whether HTTP permits a body at this status."""
        return self.status >= 200 and self.status not in (204, 304)

    def fields(self) -> list[tuple[str, str]]:
        """Return all headers except those that frame the body."""
        head = [("Content-Type", self.content_type)] if self.content_type and self.has_body else []
        return head + list(self.headers)


@dataclass(eq=False)
class Refusal(Exception):
    """The service refuses a request.

    Parameters
    ----------
    status
        HTTP status.
    code
        The service's code, such as ``ModelArts.6309``.
    message
        The service's message.
    shape
        One of `ERROR_SHAPES`; empty for the simulator's setting.
    headers
        Further headers, such as ``Retry-After``.
    """

    status: int
    code: str
    message: str
    shape: str = ""
    headers: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        super().__init__(self.code, self.message)

    def response(self, request_id: str, shape: str) -> Response:
        """Return the error response, in `shape` unless the refusal has a shape of its own."""
        shape = self.shape or shape
        if shape == "html":
            return Response(self.status, error_page(self.status, self.message), HTML, self.headers)
        code, message = _SPELLINGS.get(shape.replace("nested_", ""), ("error_code", "error_msg"))
        body: dict[str, Any] = {code: self.code, message: self.message}
        # Only the gateway in front of the service puts the request id in the body as well.
        if self.code.startswith("APIGW."):
            body["request_id"] = request_id
        return json_response(self.status, {"error": body} if shape.startswith("nested") else body, self.headers)


def json_response(status: int, value: object, headers: tuple[tuple[str, str], ...] = ()) -> Response:
    """Return a response whose body is `value` as JSON."""
    return Response(status, msgspec.json.encode(value), JSON, headers)


def error_page(status: int, text: str) -> bytes:
    """Return the HTML page of a proxy on the way to the service."""
    title = f"{status} {responses.get(status, 'Unknown')}"
    return (
        f"<html>\r\n<head><title>{title}</title></head>\r\n<body><center><h1>{title}</h1></center>\r\n"
        f"<p>{html.escape(text)}</p><hr><center>simulated-proxy</center></body>\r\n</html>\r\n"
    ).encode()
