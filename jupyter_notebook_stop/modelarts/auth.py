"""The httpx.Auth that signs each request, or adds the IAM token, and waits after a 401."""

from __future__ import annotations

import datetime
import time
from typing import AsyncGenerator
from urllib.parse import parse_qsl

from ..errors import CredentialsError, NotebookStopError
from ..translation import _
from . import signature
from .credentials import CredentialChain, Credentials
from .error_codes import error_from_response
from .http_library import httpx

CREDENTIALS_EXTENSION = "credentials"
"""The extension of a request that holds the credentials it was sent with."""

BACKOFF = 10.0
"""How long the same credentials are not sent again after a 401, in seconds, six times longer after each further 401:
more than five in a row lock an access key, and a page that follows a stop reads for an hour."""

LOOK_FOR_RENEWAL = 2.0
"""How often the sources are asked for other credentials in that time, in seconds."""


_SIGNED = ("host", "content-type", "x-project-id", "x-sdk-date", "x-security-token")
"""Names of the headers that are signed."""


class CloudAuth(httpx.Auth):
    """Signs each request with the chain's credentials, or adds the IAM token.

    After a 401 the same credentials are not sent again for a while; requests
    raise the last 401 instead, unless the sources have other credentials.

    Parameters
    ----------
    chain
        Where the credentials come from.
    project_id
        Sent and signed as X-Project-Id.

    Attributes
    ----------
    rejection
        The last 401, which is raised while the same credentials are not sent again. The client replaces it once it has
        read the body of the response.
    """

    requires_request_body = True

    def __init__(self, chain: CredentialChain, project_id: str) -> None:
        self._chain = chain
        self._project_id = project_id
        self.rejection: NotebookStopError | None = None
        self._rejected: tuple[str, ...] = ()
        self._rejections = 0
        self._wait_until = self._look_at = float("-inf")

    def retry(self) -> None:
        """Let the next request send the credentials, even those that were just refused."""
        self._wait_until = self._look_at = float("-inf")

    async def credentials(self) -> Credentials:
        """Return the credentials to send.

        Raises
        ------
        CredentialsError
            When there are none, or only those that were just refused.
        """
        rejection = self.rejection
        if rejection is None:
            return await self._chain.get()
        now = time.monotonic()
        # Raised without its old traceback, which would grow each time.
        if now < min(self._wait_until, self._look_at):
            raise rejection.with_traceback(None)
        self._look_at = now + LOOK_FOR_RENEWAL
        found = await self._chain.get(renew=True)
        # Only the secrets count: an expiry may differ each time. A retry may have been asked for meanwhile.
        if time.monotonic() < self._wait_until and found.secrets() == self._rejected:
            raise rejection.with_traceback(None)
        self.rejection = None
        return found

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        credentials = await self.credentials()
        authorize(request, credentials, self._project_id, datetime.datetime.now(datetime.timezone.utc))
        # An error must name what was sent, and not what is known by then.
        request.extensions = {**request.extensions, CREDENTIALS_EXTENSION: credentials}
        response = yield request
        if response.status_code == 401:
            now = time.monotonic()
            self._rejected = secrets = credentials.secrets()
            self.rejection = error_from_response(401, response.headers, b"", secrets=secrets)
            self._wait_until, self._look_at = now + BACKOFF * 6.0 ** min(self._rejections, 6), now + LOOK_FOR_RENEWAL
            self._rejections += 1
        elif response.is_success:
            self.rejection, self._rejections = None, 0


def authorize(request: httpx.Request, credentials: Credentials, project_id: str, now: datetime.datetime) -> None:
    """Add to `request` what authenticates it.

    Parameters
    ----------
    request
        The request as it will be sent; its body has been read.
    credentials
        A token or a pair of keys.
    project_id
        Sent as X-Project-Id with a signature.
    now
        The time of the signature, in UTC.
    """
    if credentials.auth_token:
        request.headers["X-Auth-Token"] = credentials.auth_token.reveal()
        return
    if not credentials.access_key or not credentials.secret_key:
        raise CredentialsError(_("{source}: the keys are incomplete.", source=credentials.source))
    raw_path, _mark, raw_query = request.url.raw_path.decode("ascii").partition("?")
    request.headers[signature.DATE_HEADER] = now.strftime(signature.DATE_FORMAT)
    request.headers["X-Project-Id"] = project_id
    if credentials.security_token:
        request.headers["X-Security-Token"] = credentials.security_token.reveal()
    # httpx searches its headers anew for each name.
    present = dict(request.headers.items())
    headers = {name: present[name] for name in _SIGNED if name in present}
    value = signature.sign(
        method=request.method,
        path=raw_path,
        query=parse_qsl(raw_query, keep_blank_values=True),
        headers=headers,
        body=request.content,
        secret_key=credentials.secret_key.reveal(),
    )
    request.headers["Authorization"] = signature.authorization(
        credentials.access_key.reveal(), value, signature.signed_header_names(headers)
    )
