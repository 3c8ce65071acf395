"""Ambient credentials: the sources, and the chain that asks them in order.

A source is a function without arguments that returns `Credentials`, or None
where it has nothing. Each is called in a daemon thread with a time limit, so
one that hangs or raises anything at all stops neither the next nor the exit.
The ECS metadata service is left out on purpose: it may answer for the node
instead of the user.
"""

from __future__ import annotations

import asyncio
import configparser
import datetime
import ipaddress
import os
import pathlib
import re
import time
from collections import deque
from typing import Any, Callable, Dict, Mapping, Optional, Sequence, Tuple
from urllib.parse import urlsplit

import httpx
import msgspec

from ..errors import CredentialsError
from ..redaction import Secret
from .identity import is_loopback
from .platform_sdk import open_session
from .threads import call_in_thread

REFRESH_BEFORE = 300.0
"""Temporary keys are asked for again this many seconds before they expire."""

REFRESH_AFTER = 300.0
"""Temporary keys that don't say when they expire are asked for again after this many seconds."""

_MAX_ANSWER = 64 * 1024

_FIT_FOR_A_HEADER = re.compile("[!-~]+")


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """An IAM token, or an access key with its secret key; `expires_at` is in epoch seconds.

    Nothing secret shows in its repr.
    """

    source: str
    auth_token: Optional[Secret] = None
    access_key: Optional[Secret] = None
    secret_key: Optional[Secret] = None
    security_token: Optional[Secret] = None
    project_id: Optional[str] = None
    region: Optional[str] = None
    expires_at: Optional[float] = None

    def secrets(self) -> tuple[str, ...]:
        """Return every secret text, for redaction."""
        held = (self.auth_token, self.access_key, self.secret_key, self.security_token)
        return tuple(secret.reveal() for secret in held if secret)


Source = Callable[[], Optional[Credentials]]


def _secret(value: str | None) -> Secret | None:
    value = (value or "").strip()
    return Secret(value) if value else None


def _pair(source: str, access_key: str | None, secret_key: str | None, **more: Any) -> Credentials | None:
    if not access_key and not secret_key:
        return None
    if not access_key or not secret_key:
        missing = "secret key" if access_key else "access key"
        raise CredentialsError(f"{source}: the {missing} is missing.", remedy="Set both keys, or neither.")
    return Credentials(source=source, access_key=_secret(access_key), secret_key=_secret(secret_key), **more)


def from_environment(environ: Mapping[str, str]) -> Credentials | None:
    """Return the keys in the SDK's environment variables."""
    return _pair(
        "environment variables HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK",
        environ.get("HUAWEICLOUD_SDK_AK"),
        environ.get("HUAWEICLOUD_SDK_SK"),
        security_token=_secret(environ.get("HUAWEICLOUD_SDK_SECURITY_TOKEN")),
        project_id=environ.get("HUAWEICLOUD_SDK_PROJECT_ID") or None,
    )


def from_profile(environ: Mapping[str, str]) -> Credentials | None:
    """Return the keys in section ``[basic]`` of the SDK's profile file.

    Raises
    ------
    CredentialsError
        When the file can't be read as an INI file.
    """
    named = environ.get("HUAWEICLOUD_SDK_CREDENTIALS_FILE")
    path = pathlib.Path(named) if named else pathlib.Path.home() / ".huaweicloud" / "credentials"
    parser = configparser.ConfigParser(interpolation=None)
    try:
        with path.open(encoding="utf-8") as file:
            parser.read_file(file)
    except FileNotFoundError:
        return None
    except (OSError, UnicodeError, configparser.Error) as error:
        # The text of a parsing error quotes lines of the file, keys among them.
        raise CredentialsError(f"The profile file {path} can't be read ({type(error).__name__}).") from None
    if not parser.has_section("basic"):
        return None
    section = parser["basic"]
    return _pair(
        f"profile file {path}",
        section.get("ak"),
        section.get("sk"),
        security_token=_secret(section.get("security_token")),
        project_id=section.get("project_id") or None,
    )


def from_session() -> Credentials | None:
    """Return the keys of the platform's SDK session, where that SDK is on this machine."""
    try:
        session = open_session()
    except ModuleNotFoundError as error:
        if error.name == "modelarts":
            return None
        raise
    if not session.access_key or not session.secret_key:
        return None
    return Credentials(
        source="the platform's SDK session",
        access_key=session.access_key,
        secret_key=session.secret_key,
        security_token=session.security_token,
        project_id=session.project_id,
        region=session.region,
    )


def _pod_identity_uri(uri: str) -> str:
    parts = urlsplit(uri)
    host = parts.hostname or ""
    try:
        near = is_loopback(host) or ipaddress.ip_address(host).is_link_local
    except ValueError:
        near = False
    if parts.scheme != "https" and not (parts.scheme == "http" and near):
        raise CredentialsError(
            "HC_CONTAINER_CREDENTIALS_FULL_URI must be https, or http to a loopback or link-local address."
        )
    return uri


def _first_text(found: Mapping[str, Any], *names: str) -> str | None:
    return next((found[name] for name in names if isinstance(found.get(name), str) and found[name]), None)


def from_pod_identity(environ: Mapping[str, str]) -> Credentials | None:
    """Return the temporary keys that the pod's identity service hands out.

    Raises
    ------
    CredentialsError
        When the service refuses, or answers what can't be understood.
    """
    uri = environ.get("HC_CONTAINER_CREDENTIALS_FULL_URI")
    token_file = environ.get("HC_CONTAINER_AUTHORIZATION_TOKEN_FILE")
    if not uri or not token_file:
        return None
    token = pathlib.Path(token_file).read_text(encoding="utf-8").strip()
    with (
        # A proxy can't reach a link-local address, and must not see these keys.
        httpx.Client(trust_env=False, timeout=5.0) as client,
        client.stream("POST", _pod_identity_uri(uri), headers={"Authorization": token}, json={}) as response,
    ):
        body = bytearray()
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) > _MAX_ANSWER:
                raise CredentialsError("The pod identity service answers more than a credential.")
    if not response.is_success:
        raise CredentialsError(f"The pod identity service answered HTTP {response.status_code}.")
    try:
        answer = msgspec.json.decode(bytes(body), type=Dict[str, Any])
        found = msgspec.convert(answer.get("credential") or answer.get("credentials"), Dict[str, Any])
        expiry = found.get("expires_at") or found.get("expiration")
        expires = msgspec.convert(expiry, datetime.datetime, strict=False) if expiry else None
    except msgspec.DecodeError:
        raise CredentialsError("The pod identity service answered what is not a credential.") from None
    if expires is not None and expires.tzinfo is None:
        expires = expires.replace(tzinfo=datetime.timezone.utc)
    return _pair(
        "pod identity",
        _first_text(found, "access", "accessKeyId", "access_key_id"),
        _first_text(found, "secret", "secretAccessKey", "secret_access_key"),
        security_token=_secret(_first_text(found, "securitytoken", "securityToken", "security_token")),
        expires_at=expires.timestamp() if expires else None,
    )


def from_auth_token(token: Secret | None, environ: Mapping[str, str]) -> Credentials | None:
    """Return the IAM token set by trait, else by environment variable."""
    if token:
        return Credentials(source="c.NotebookStop.auth_token", auth_token=token)
    ambient = _secret(environ.get("MODELARTS_AUTH_TOKEN"))
    return Credentials(source="environment variable MODELARTS_AUTH_TOKEN", auth_token=ambient) if ambient else None


def builtin_sources(auth_token: Secret | None = None, environ: Mapping[str, str] | None = None) -> dict[str, Source]:
    """Return the sources of this package by name, in the order they are asked."""
    environ = os.environ if environ is None else environ
    return {
        "auth_token": lambda: from_auth_token(auth_token, environ),
        "environment": lambda: from_environment(environ),
        "profile": lambda: from_profile(environ),
        "session": from_session,
        "pod_identity": lambda: from_pod_identity(environ),
    }


class CredentialChain:
    """Asks the sources one by one; the first that answers wins and is remembered.

    Parameters
    ----------
    sources
        Pairs of name and source, in the order to ask them.
    timeout
        Longest wait for one source, in seconds.
    clock
        Epoch seconds.
    """

    def __init__(
        self,
        sources: Sequence[Tuple[str, Source]],
        *,
        timeout: float = 8.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._sources = tuple(sources)
        self._timeout = timeout
        self._clock = clock
        self._known: Credentials | None = None
        self._handed_out: deque[Credentials] = deque(maxlen=3)
        self._refresh_at = 0.0
        self._lock = asyncio.Lock()
        self._hanging: set[int] = set()

    @property
    def known(self) -> Credentials | None:
        """The credentials found last, good or refused, without asking anybody."""
        return self._known

    def secrets(self) -> tuple[str, ...]:
        """Return what must not show, also of credentials replaced while a request was under way."""
        return tuple({secret for each in self._handed_out for secret in each.secrets()})

    async def get(self, *, renew: bool = False) -> Credentials:
        """Return credentials that are still good.

        Parameters
        ----------
        renew
            Ask the sources again, since the cloud refused what they gave.

        Raises
        ------
        CredentialsError
            When no source has any; the message says what each one said.
        """
        async with self._lock:
            known = None if renew else self._known
            if known is not None and self._clock() < self._refresh_at:
                return known
            try:
                found = await self._ask()
            except CredentialsError:
                if known is not None and known.expires_at is not None and self._clock() < known.expires_at:
                    return known
                self._known = None
                raise
            self._known = found
            self._handed_out.append(found)
            self._refresh_at = self._when_to_refresh(found)
            return found

    def _when_to_refresh(self, found: Credentials) -> float:
        now = self._clock()
        if found.expires_at is not None:
            # Keys that live shorter than the margin are still used, for half of what they have left.
            left = found.expires_at - now
            return now + max(left - REFRESH_BEFORE, left / 2)
        return now + REFRESH_AFTER if found.security_token or found.auth_token else float("inf")

    async def _ask(self) -> Credentials:
        said = []
        for number, (name, source) in enumerate(self._sources):
            if number in self._hanging:
                said.append(f"{name}: still hangs")
                continue
            try:
                found = await self._call(number, source)
                fit = found is None or all(map(_FIT_FOR_A_HEADER.fullmatch, found.secrets()))
            except asyncio.TimeoutError:
                said.append(f"{name}: no answer within {self._timeout:g} s")
                continue
            except CredentialsError as error:
                said.append(f"{name}: {error.message}")
                continue
            except Exception as error:
                # The text of a foreign exception may hold anything, keys among them.
                said.append(f"{name}: failed ({type(error).__name__})")
                continue
            if found is None:
                said.append(f"{name}: nothing")
            elif found.expires_at is not None and found.expires_at <= self._clock():
                said.append(f"{name}: expired")
            elif not (found.auth_token or (found.access_key and found.secret_key)):
                said.append(f"{name}: incomplete")
            elif not fit:
                said.append(f"{name}: has characters that no header takes")
            else:
                return found
        raise CredentialsError(
            f"No credentials found. Asked in this order: {'; '.join(said) or 'no sources configured'}.",
            remedy="Give the instance an agency, or set HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK, or write"
            " ~/.huaweicloud/credentials.",
        )

    async def _call(self, number: int, source: Source) -> Credentials | None:
        def call() -> Credentials | None:
            try:
                return source()
            finally:
                self._hanging.discard(number)

        self._hanging.add(number)
        found = await call_in_thread(call, self._timeout)
        if found is not None and not isinstance(found, Credentials):
            raise CredentialsError("does not return credentials")
        return found
