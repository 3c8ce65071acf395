"""One request and its response over one shared httpx.AsyncClient, and whether a request that failed was sent.

Before a stop is repeated, "was not sent" and "the response was lost" must be
told apart; httpx alone does not do that.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import ssl
import time
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Mapping, NamedTuple
from urllib.parse import urlsplit

from ..errors import UnreachableError
from ..redaction import one_line, redact
from ..translation import _
from .http_library import httpx
from .identity import is_loopback
from .last_responses import Observe
from .network import cancellable
from .time_limit import within

MAX_RESPONSE = 1024 * 1024
"""Largest response that is read, in bytes."""

_CHECK_NETWORK = _(
    "Check the network and proxy of the instance; an instance of network type FORBIDDEN cannot reach it."
)


class Timeouts(NamedTuple):
    """Limits in seconds, the first four as httpx has them; `total` bounds a whole operation with its retries."""

    connect: float = 5.0
    read: float = 15.0
    write: float = 10.0
    pool: float = 5.0
    total: float = 40.0


class Response(NamedTuple):
    """Status, headers and whole body of a response, and the extensions of its request."""

    status: int
    headers: httpx.Headers
    body: bytes
    extensions: Mapping[str, Any]

    @property
    def ok(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300


class TransportError(UnreachableError):
    """No complete response came; `final` means that sending again would not help."""

    final = False


class NotSentError(TransportError):
    """The request certainly did not reach the service; sending it again is safe."""


class ResponseLostError(TransportError):
    """The request may have reached the service; its response did not arrive completely."""


class Progress:
    """How far a request has come; httpx calls this at every step of it.

    Attributes
    ----------
    is_ready
        Whether the request is complete, credentials included, and ready to be sent.
    """

    _reports = False
    """Whether this version of httpx calls at all; until that is known, a request that is ready counts as sent."""

    def __init__(self) -> None:
        self.is_ready = False
        self._sending = False

    @property
    def maybe_sent(self) -> bool:
        """Whether a part of the request may have left this machine."""
        return self.is_ready and (self._sending or not Progress._reports)

    async def __call__(self, event: str, info: Mapping[str, Any]) -> None:
        Progress._reports = True
        # A CONNECT only asks a proxy for a connection.
        if event.endswith(".send_request_headers.started") and info["request"].method != b"CONNECT":
            self._sending = True


class Transport:
    """Sends requests to one endpoint.

    Parameters
    ----------
    endpoint, observe
        Scheme and host of the service; what is called with each complete response.
    auth
        Authenticates each request.
    verify, timeouts
        The TLS context, passed in since creating one takes a while; limits.
    """

    def __init__(
        self,
        endpoint: str,
        observe: Observe | None = None,
        *,
        auth: httpx.Auth,
        verify: ssl.SSLContext,
        timeouts: Timeouts,
    ) -> None:
        self.endpoint = endpoint
        self._observe = observe
        self._auth = auth
        try:
            http = httpx.AsyncClient(
                base_url=endpoint,
                verify=verify,
                follow_redirects=False,
                # Loopback is never proxied; httpx itself makes no exception for it.
                trust_env=not is_loopback(urlsplit(endpoint).hostname),
                # Something small may decompress to something large enough to block everything else.
                headers={
                    "Content-Type": "application/json",
                    "Accept": "application/json",
                    "Accept-Encoding": "identity",
                },
                event_hooks={"request": [_mark_ready], "response": [drop_location]},
                timeout=httpx.Timeout(timeouts[:4]),
            )
        except (ValueError, ImportError, httpx.InvalidURL):
            # The texts quote the proxy's address, which may contain a password.
            raise self._not_sent(
                _("{endpoint} cannot be reached: the address of its proxy is invalid.", endpoint=endpoint),
                "bad_proxy",
                final=_("Correct https_proxy or all_proxy: http:// and a host; SOCKS needs the package httpx[socks]."),
            ) from None
        self._http = cancellable(http)
        self._http.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=()))
        # httpx takes longer to parse a URL than a signature takes, and a process asks for the same few.
        self._url = functools.lru_cache(maxsize=8)(lambda path: http.build_request("GET", path).url)

    async def aclose(self) -> None:
        """Close the connections."""
        # httpcore before 0.16 closes them, and then objects to requests that were cancelled behind a proxy.
        with contextlib.suppress(RuntimeError):
            await self._http.aclose()

    async def send(
        self, method: str, path: str, deadline: float, progress: Progress | None = None, content: bytes | None = None
    ) -> Response:
        """Return the response to one request.

        Parameters
        ----------
        method, path
            The request.
        deadline
            When to give up, on the clock of `time.monotonic`.
        progress
            Follows the request; a new one for each.
        content
            The body, if there is one.

        Raises
        ------
        NotSentError
            When the request did not reach the service.
        ResponseLostError
            When it may have, and no complete response came.
        """
        left = deadline - time.monotonic()
        if left <= 0:
            raise self._out_of_time()
        progress = progress or Progress()
        try:
            return await within(left, self._exchange(method, path, progress, content))
        except (asyncio.TimeoutError, httpx.RequestError, httpx.InvalidURL, OSError) as error:
            raise self._failure(error, progress) from None

    def _failure(self, error: Exception, progress: Progress) -> TransportError:
        """Return what a request that got no complete response is to count as."""
        if isinstance(error, httpx.ProxyError):
            return self._not_sent(
                _(
                    "{endpoint} could not be reached: the proxy refused ({answer}).",
                    endpoint=self.endpoint,
                    answer=one_line(redact(str(error)[:80])),
                ),
                "proxy",
                final=_(
                    "Check https_proxy: the proxy must allow the endpoint; include user and password if it requires"
                    " them. Or exempt the endpoint in no_proxy."
                ),
            )
        if isinstance(error, (httpx.UnsupportedProtocol, httpx.InvalidURL)):
            return self._not_sent(
                _("{endpoint} cannot be reached: its address or that of its proxy is invalid.", endpoint=self.endpoint),
                "bad_address",
                final=_("Check the endpoint and https_proxy."),
            )
        # Older releases of httpcore let the error of a handshake through as it is.
        if isinstance(error, (httpx.ConnectError, ssl.SSLCertVerificationError)) and _is_tls(error):
            return self._not_sent(
                _("{endpoint} has a certificate that is not trusted.", endpoint=self.endpoint),
                "tls",
                final=_(
                    "Check the endpoint and the clock. If the cloud has its own certificate authority, set"
                    " SSL_CERT_FILE to its certificate."
                ),
            )
        timed_out = isinstance(error, (asyncio.TimeoutError, httpx.TimeoutException))
        if not progress.is_ready and timed_out:
            return self._out_of_time()
        never_connected = isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout))
        if never_connected or not progress.maybe_sent:
            if timed_out:
                return self._not_sent(
                    _("{endpoint} could not be reached in time.", endpoint=self.endpoint), "connect_timeout"
                )
            return self._not_sent(_("{endpoint} could not be reached.", endpoint=self.endpoint), "connect")
        if timed_out:
            return self._lost(
                _("{endpoint} did not send a complete response in time.", endpoint=self.endpoint), "timeout"
            )
        # A broken TLS record comes as an ssl.SSLError, which httpx does not wrap.
        return self._lost(
            _("{endpoint} closed the connection before the response was complete.", endpoint=self.endpoint),
            "connection_lost",
        )

    async def _exchange(self, method: str, path: str, progress: Progress, content: bytes | None) -> Response:
        request = self._http.build_request(method, self._url(path), content=content, extensions={"trace": progress})
        response = await self._http.send(request, auth=self._auth, stream=True)
        try:
            if response.headers.get("content-encoding", "identity").strip().lower() != "identity":
                raise self._lost(
                    _("{endpoint} sent a content encoding that was not requested.", endpoint=self.endpoint),
                    "bad_answer",
                    final=True,
                )
            received = bytearray()
            async for chunk in response.aiter_raw():
                received += chunk
                if len(received) > MAX_RESPONSE:
                    raise self._lost(
                        _("{endpoint} sent more than {limit} bytes.", endpoint=self.endpoint, limit=MAX_RESPONSE),
                        "answer_too_large",
                        final=True,
                    )
        finally:
            await response.aclose()
        found = Response(response.status_code, response.headers, bytes(received), response.request.extensions)
        if self._observe is not None:
            self._observe(method, path, found.status, found.headers, found.body)
        return found

    def _out_of_time(self) -> NotSentError:
        message, remedy = _("The time limit for this operation was reached."), _("Try again later.")
        return NotSentError(message, code="timeout", remedy=remedy)

    def _not_sent(self, message: str, code: str, *, final: str | None = None) -> NotSentError:
        """Return the error for a request that was not sent; `final` is the remedy where sending again cannot help."""
        error = NotSentError(message, code=code, remedy=final or _CHECK_NETWORK)
        error.final = final is not None
        return error

    def _lost(self, message: str, code: str, *, final: bool = False) -> ResponseLostError:
        error = ResponseLostError(message, code=code, remedy=_("Wait a minute and try again."))
        error.final = final
        return error


async def _mark_ready(request: httpx.Request) -> None:
    request.extensions["trace"].is_ready = True


async def drop_location(response: httpx.Response) -> None:
    """Keep httpx from parsing the target of a redirect, which is not followed and may be malformed."""
    response.headers.pop("Location", None)


def _is_tls(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLError):
            # A connection that ends during the handshake says nothing about the certificate.
            return not isinstance(error, (ssl.SSLEOFError, ssl.SSLZeroReturnError))
        error = error.__cause__ or error.__context__
    return False
