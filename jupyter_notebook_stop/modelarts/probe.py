"""A request without credentials, which tells whether an endpoint can be reached."""

from __future__ import annotations

import ssl
from urllib.parse import urlsplit

from .http_library import httpx
from .identity import is_loopback
from .network import cancellable
from .transport import drop_location


async def probe(endpoint: str, verify: ssl.SSLContext, seconds: float) -> httpx.Headers:
    """Return the headers of any response of the endpoint, its clock among them; no credentials are sent.

    Raises
    ------
    httpx.HTTPError, httpx.InvalidURL, ValueError, ImportError, OSError
        When no response comes; the texts may contain a proxy's password.
    """
    proxied = not is_loopback(urlsplit(endpoint).hostname)
    async with (
        cancellable(
            httpx.AsyncClient(
                trust_env=proxied, verify=verify, timeout=seconds, event_hooks={"response": [drop_location]}
            )
        ) as http,
        http.stream("GET", endpoint) as response,
    ):
        return response.headers
