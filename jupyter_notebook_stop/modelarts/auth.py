"""The httpx.Auth that signs each request with what the credentials say, or adds the IAM token."""

from __future__ import annotations

import datetime
from typing import AsyncGenerator
from urllib.parse import parse_qsl

import httpx

from ..errors import CredentialsError
from . import signature
from .credentials import CredentialChain, Credentials

SENT_WITH = "credentials"
"""Among the extensions of a request, what it was sent with."""


class CloudAuth(httpx.Auth):
    """Signs each request with the chain's credentials, or adds the IAM token.

    Parameters
    ----------
    chain
        Where the credentials come from.
    project_id
        Sent and signed as X-Project-Id.
    """

    requires_request_body = True

    def __init__(self, chain: CredentialChain, project_id: str) -> None:
        self._chain = chain
        self._project_id = project_id

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        credentials = await self._chain.get()
        authorize(request, credentials, self._project_id, datetime.datetime.now(datetime.timezone.utc))
        # Whoever reads the answer must know what was tried, and not what is known by then.
        request.extensions = {**request.extensions, SENT_WITH: credentials}
        response = yield request
        if response.status_code == 401:
            self._chain.forget()


def authorize(request: httpx.Request, credentials: Credentials, project_id: str, now: datetime.datetime) -> None:
    """Add to `request` what proves who sends it.

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
        raise CredentialsError(f"{credentials.source}: the keys are incomplete.")
    raw_path, _, raw_query = request.url.raw_path.decode("ascii").partition("?")
    request.headers[signature.DATE_HEADER] = now.strftime(signature.DATE_FORMAT)
    request.headers["X-Project-Id"] = project_id
    if credentials.security_token:
        request.headers["X-Security-Token"] = credentials.security_token.reveal()
    taking_part = ("host", "content-type", "x-project-id", "x-sdk-date", "x-security-token")
    headers = {name: request.headers[name] for name in taking_part if name in request.headers}
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
