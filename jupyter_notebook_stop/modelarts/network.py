"""Connections of httpx that can be given up at any moment, whatever they wait for.

An event loop looks names up in its default executor, whose threads are waited
for when the loop and the interpreter end: a name server that does not respond
would delay an interrupt, and the end of the process, for as long as it likes.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import threading
from typing import Any

from .http_library import httpx
from .threads import call_in_thread

STAGGER = 0.25
"""How long one address of a name is tried before the next is tried as well, in seconds, as RFC 8305 recommends."""

_slots = threading.BoundedSemaphore(8)
"""Look-ups under way; those of a name server that never responds must not use up the threads of the process."""


def cancellable(http: httpx.AsyncClient) -> httpx.AsyncClient:
    """Return `http`, which from now on looks names up in daemon threads, and leaves no connection open.

    Parameters
    ----------
    http
        A client that has not connected yet.
    """
    for transport in (http._transport, *http._mounts.values()):
        # The network backend is a public parameter of httpcore's connection pools that httpx does not pass on.
        pool: Any = getattr(transport, "_pool", None)
        if hasattr(pool, "_network_backend"):
            pool._network_backend = _Backend(pool._network_backend)
    return http


class _Backend:
    """A network backend of httpcore that looks names up itself.

    Parameters
    ----------
    inner
        Connects to addresses, and does all else.
    """

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def connect_tcp(self, host: str, port: int, timeout: float | None = None, **options: Any) -> Any:
        try:
            return _Stream(await asyncio.wait_for(self._connect(host, port, timeout, options), timeout))
        except asyncio.TimeoutError:
            raise httpx.ConnectTimeout(f"No connection to {host} in time") from None
        except OSError as error:
            raise httpx.ConnectError(f"{host} was not found: {error.strerror}") from error

    async def _connect(self, host: str, port: int, timeout: float | None, options: dict[str, Any]) -> Any:
        """Connect to the address that responds first; the others have a head start in the order of the look-up."""
        addresses = [host] if _is_address(host) else await look_up(host, port)
        attempts: set[asyncio.Future[Any]] = set()
        failure: BaseException | None = None
        try:
            while addresses or attempts:
                if addresses:
                    connecting = self._inner.connect_tcp(addresses.pop(0), port, timeout=timeout, **options)
                    attempts.add(asyncio.ensure_future(connecting))
                patience = STAGGER if addresses else None
                done, _ = await asyncio.wait(attempts, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
                for attempt in done:
                    attempts.discard(attempt)
                    failure = attempt.exception()
                    if failure is None:
                        return attempt.result()
        finally:
            await _give_up(attempts)
        raise failure or OSError(None, "it has no address")


class _Stream:
    """A connection that is closed when the TLS handshake is cancelled, which httpcore forgets.

    Parameters
    ----------
    inner
        The connection.
    """

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def start_tls(self, *arguments: Any, **options: Any) -> Any:
        try:
            return await self._inner.start_tls(*arguments, **options)
        except BaseException:
            await self._inner.aclose()
            raise


async def look_up(name: str, port: int) -> list[str]:
    """Return the addresses of a host, in the order in which to try them.

    Raises
    ------
    OSError
        When it has none.
    asyncio.TimeoutError
        When too many look-ups hang already.
    """

    def ask() -> list[str]:
        if not _slots.acquire(blocking=False):
            raise asyncio.TimeoutError
        try:
            # As bytes, since the name is encoded already; Python's own encoding refuses some that exist.
            found = socket.getaddrinfo(name.encode("ascii"), port, type=socket.SOCK_STREAM)
        finally:
            _slots.release()
        return list(dict.fromkeys(str(address[0]) for *_, address in found))

    return await call_in_thread(ask, None)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


async def _give_up(attempts: set[asyncio.Future[Any]]) -> None:
    """End attempts to connect, and close the connections of those that succeeded all the same."""
    for attempt in attempts:
        attempt.cancel()
    for late in await asyncio.gather(*attempts, return_exceptions=True):
        if not isinstance(late, BaseException):
            await late.aclose()
