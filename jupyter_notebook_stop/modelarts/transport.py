"""One request and its answer over one shared httpx.AsyncClient, and whether a request that failed was sent.

Whoever stops a machine must know the difference between "was not sent" and
"the answer was lost"; httpx alone does not tell it apart.
"""

from __future__ import annotations

import asyncio
import ssl
import time
import zlib
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Mapping, NamedTuple, NoReturn
from urllib.parse import urlsplit

import httpx

from ..errors import UnreachableError
from ..redaction import one_line, redact
from .identity import is_loopback

MAX_ANSWER = 1024 * 1024
"""Largest answer that is read, in bytes."""


class Timeouts(NamedTuple):
    """Limits in seconds; `total` bounds a whole operation with its retries."""

    connect: float = 5.0
    read: float = 15.0
    write: float = 10.0
    pool: float = 5.0
    total: float = 40.0


class Answer(NamedTuple):
    """Status, headers and whole body of an answer, and what `auth` has noted of its request."""

    status: int
    headers: httpx.Headers
    body: bytes
    extensions: Mapping[str, Any]

    @property
    def ok(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300


class TransportError(UnreachableError):
    """No whole answer came; `final` says that sending again would not help."""

    final = False


class NotSentError(TransportError):
    """The request certainly did not reach the service; sending it again is safe."""


class AnswerLostError(TransportError):
    """The request may have reached the service; its answer did not come whole."""


class Transport:
    """Sends requests to one endpoint.

    Parameters
    ----------
    endpoint
        Scheme and host of the service.
    auth
        What proves who sends a request.
    verify
        The TLS context; making one takes a while, so it is handed in.
    timeouts
        Limits.
    """

    def __init__(self, endpoint: str, *, auth: httpx.Auth, verify: ssl.SSLContext, timeouts: Timeouts) -> None:
        self.endpoint = endpoint
        self._auth = auth
        try:
            self._http = httpx.AsyncClient(
                base_url=endpoint,
                verify=verify,
                follow_redirects=False,
                # Loopback is never proxied; httpx itself makes no exception for it.
                trust_env=not is_loopback(urlsplit(endpoint).hostname),
                # What is packed small may be large enough to hold up everything else.
                headers={
                    "Content-Type": "application/json",
                    "Accept": "application/json",
                    "Accept-Encoding": "identity",
                },
                event_hooks={"response": [_stay]},
                timeout=httpx.Timeout(
                    connect=timeouts.connect, read=timeouts.read, write=timeouts.write, pool=timeouts.pool
                ),
            )
        except (ValueError, ImportError, httpx.InvalidURL):
            # The texts quote the proxy's address, which may hold a password.
            failure = self._not_sent("can't be reached: the proxy to it has an address that can't be used", "bad_proxy")
            failure.final = True
            failure.remedy = (
                "Correct https_proxy or all_proxy: http:// and a host; SOCKS needs the package httpx[socks]."
            )
            raise failure from None
        self._http.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=()))

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def send(self, method: str, path: str, deadline: float) -> Answer:
        """Return the answer to one request without a body.

        Parameters
        ----------
        method, path
            The request.
        deadline
            When to give up, on the clock of `time.monotonic`.

        Raises
        ------
        NotSentError
            When the request did not reach the service.
        AnswerLostError
            When it may have, and no whole answer came.
        """
        left = deadline - time.monotonic()
        if left <= 0:
            raise NotSentError("The time for this operation is over.", code="timeout", remedy="Try again later.")
        try:
            return await asyncio.wait_for(self._exchange(method, path), left)
        except asyncio.TimeoutError:
            raise self._lost("did not answer whole in time", "timeout") from None
        except (httpx.ConnectTimeout, httpx.PoolTimeout):
            raise self._not_sent("could not be reached in time", "connect_timeout") from None
        except httpx.ProxyError as error:
            self._proxy_refused(error)
        except httpx.ConnectError as error:
            if _is_tls(error):
                failure = self._not_sent("has no certificate that can be trusted", "tls")
                failure.remedy = (
                    "Check the endpoint and the clock; where the cloud has a certificate authority of its own, name its"
                    " file in SSL_CERT_FILE."
                )
                failure.final = True
                raise failure from None
            raise self._not_sent("could not be reached", "connect") from None
        except httpx.TimeoutException:
            raise self._lost("did not answer in time", "timeout") from None
        except (httpx.UnsupportedProtocol, httpx.InvalidURL):
            failure = self._not_sent("or the proxy to it has an address that can't be used", "bad_address")
            failure.final = True
            raise failure from None
        except (httpx.RequestError, OSError):
            # A TLS record that is broken comes as it is.
            raise self._lost("broke the connection before its answer was whole", "connection_lost") from None

    async def _exchange(self, method: str, path: str) -> Answer:
        request = self._http.build_request(method, path)
        response = await self._http.send(request, auth=self._auth, stream=True)
        try:
            received = bytearray()
            async for chunk in response.aiter_raw():
                received += chunk
                self._check_size(received)
        finally:
            await response.aclose()
        body = self._unpacked(response, bytes(received))
        return Answer(response.status_code, response.headers, body, response.request.extensions)

    def _unpacked(self, response: httpx.Response, body: bytes) -> bytes:
        """Return the body of an answer that is packed although that was not asked for."""
        encoding = response.headers.get("content-encoding", "identity").strip().lower()
        if encoding == "identity":
            return body
        try:
            if encoding not in ("gzip", "deflate"):
                raise zlib.error(encoding)
            unpacked = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32).decompress(body, MAX_ANSWER + 1)
        except zlib.error:
            raise self._lost("answered in an encoding that was not asked for", "bad_answer") from None
        self._check_size(unpacked)
        return unpacked

    def _check_size(self, body: bytes | bytearray) -> None:
        if len(body) > MAX_ANSWER:
            failure = self._lost(f"answered more than {MAX_ANSWER} bytes", "answer_too_large")
            failure.final = True
            raise failure

    def _proxy_refused(self, error: httpx.ProxyError) -> NoReturn:
        failure = self._not_sent(f"was not reached: the proxy refused ({one_line(redact(str(error)[:80]))})", "proxy")
        failure.remedy = (
            "Check https_proxy: it must let the endpoint through, with user and password if it asks for them; or exempt"
            " the endpoint in no_proxy."
        )
        failure.final = True
        raise failure from None

    def _not_sent(self, what: str, code: str) -> NotSentError:
        remedy = "Check the network and proxy of the instance; an instance of network type FORBIDDEN can't reach it."
        return NotSentError(f"{self.endpoint} {what}.", code=code, remedy=remedy)

    def _lost(self, what: str, code: str) -> AnswerLostError:
        return AnswerLostError(f"{self.endpoint} {what}.", code=code, remedy="Wait a minute and try again.")


async def probe(endpoint: str, verify: ssl.SSLContext, seconds: float) -> httpx.Headers:
    """Ask an endpoint for nothing in particular, without credentials; any answer has its clock in its headers.

    Raises
    ------
    httpx.HTTPError, httpx.InvalidURL, ValueError, ImportError, OSError
        When none comes; the texts may hold a proxy's password.
    """
    proxied = not is_loopback(urlsplit(endpoint).hostname)
    async with (
        httpx.AsyncClient(trust_env=proxied, verify=verify, timeout=seconds, event_hooks={"response": [_stay]}) as http,
        http.stream("GET", endpoint) as response,
    ):
        return response.headers


async def _stay(response: httpx.Response) -> None:
    # Redirects are not followed, and yet httpx would read where to, and fail at what it does not understand.
    response.headers.pop("Location", None)


def _is_tls(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return True
        error = error.__cause__ or error.__context__
    return False
