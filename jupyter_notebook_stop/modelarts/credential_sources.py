"""The sources of credentials that come with this package.

The ECS metadata service is left out on purpose: it may respond for the node
instead of the user.
"""

from __future__ import annotations

import datetime
import ipaddress
import os
import pathlib
from typing import Any, Dict, Mapping
from urllib.parse import urlsplit

import msgspec

from ..errors import CredentialsError
from ..redaction import Secret
from ..translation import _
from .credentials import Credentials, Source
from .http_library import httpx
from .identity import is_loopback
from .platform_sdk import open_session

_MAX_RESPONSE = 64 * 1024


def _secret(value: str | None) -> Secret | None:
    value = (value or "").strip()
    return Secret(value) if value else None


def _pair(source: str, access_key: str | None, secret_key: str | None, **more: Any) -> Credentials | None:
    if not access_key and not secret_key:
        return None
    if not access_key or not secret_key:
        missing = _("secret key") if access_key else _("access key")
        raise CredentialsError(
            _("{source}: the {missing} is missing.", source=source, missing=missing),
            remedy=_("Set both keys, or neither."),
        )
    return Credentials(source=source, access_key=_secret(access_key), secret_key=_secret(secret_key), **more)


def from_environment(environ: Mapping[str, str]) -> Credentials | None:
    """Return the keys in the SDK's environment variables."""
    return _pair(
        _("environment variables HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK"),
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
        When the file cannot be read as an INI file.
    """
    import configparser

    named = environ.get("HUAWEICLOUD_SDK_CREDENTIALS_FILE")
    path = pathlib.Path(named) if named else pathlib.Path.home() / ".huaweicloud" / "credentials"
    parser = configparser.ConfigParser(interpolation=None)
    try:
        with path.open(encoding="utf-8") as file:
            parser.read_file(file)
    except FileNotFoundError:
        return None
    except (OSError, UnicodeError, configparser.Error) as error:
        # The text of a parsing error quotes lines of the file, including keys.
        raise CredentialsError(
            _("The profile file {path} cannot be read ({name}).", path=path, name=type(error).__name__)
        ) from None
    if not parser.has_section("basic"):
        return None
    section = parser["basic"]
    return _pair(
        _("profile file {path}", path=path),
        section.get("ak"),
        section.get("sk"),
        security_token=_secret(section.get("security_token")),
        project_id=section.get("project_id") or None,
    )


def from_session() -> Credentials | None:
    """Return the keys of the platform's SDK session, if that SDK is on this machine."""
    try:
        session = open_session()
    except ModuleNotFoundError as error:
        if error.name == "modelarts":
            return None
        raise
    if not session.access_key or not session.secret_key:
        return None
    return Credentials(
        source=_("the platform's SDK session"),
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
        is_local = is_loopback(host) or ipaddress.ip_address(host).is_link_local
    except ValueError:
        is_local = False
    if parts.scheme != "https" and not (parts.scheme == "http" and is_local):
        raise CredentialsError(
            _("HC_CONTAINER_CREDENTIALS_FULL_URI must be https, or http to a loopback or link-local address.")
        )
    return uri


def _first_text(found: Mapping[str, Any], *names: str) -> str | None:
    return next((found[name] for name in names if isinstance(found.get(name), str) and found[name]), None)


def from_pod_identity(environ: Mapping[str, str]) -> Credentials | None:
    """Return the temporary keys that the pod's identity service hands out.

    Raises
    ------
    CredentialsError
        When the service refuses, or its response cannot be read.
    """
    uri = environ.get("HC_CONTAINER_CREDENTIALS_FULL_URI")
    token_file = environ.get("HC_CONTAINER_AUTHORIZATION_TOKEN_FILE")
    if not uri or not token_file:
        return None
    token = pathlib.Path(token_file).read_text(encoding="utf-8").strip()
    with (
        # A proxy cannot reach a link-local address, and must not see these keys.
        httpx.Client(trust_env=False, timeout=5.0) as client,
        client.stream("POST", _pod_identity_uri(uri), headers={"Authorization": token}, json={}) as response,
    ):
        body = bytearray()
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) > _MAX_RESPONSE:
                raise CredentialsError(_("The response of the pod identity service is too large."))
    if not response.is_success:
        raise CredentialsError(
            _("The pod identity service returned HTTP {status_code}.", status_code=response.status_code)
        )
    try:
        fields = msgspec.json.decode(bytes(body), type=Dict[str, Any])
        found = msgspec.convert(fields.get("credential") or fields.get("credentials"), Dict[str, Any])
        expiry = found.get("expires_at") or found.get("expiration")
        expires = msgspec.convert(expiry, datetime.datetime, strict=False) if expiry else None
    except msgspec.DecodeError:
        raise CredentialsError(_("The response of the pod identity service contains no valid credential.")) from None
    if expires is not None and expires.tzinfo is None:
        expires = expires.replace(tzinfo=datetime.timezone.utc)
    return _pair(
        _("pod identity"),
        _first_text(found, "access", "accessKeyId", "access_key_id"),
        _first_text(found, "secret", "secretAccessKey", "secret_access_key"),
        security_token=_secret(_first_text(found, "securitytoken", "securityToken", "security_token")),
        expires_at=expires.timestamp() if expires else None,
    )


def from_auth_token(token: Secret | None, environ: Mapping[str, str]) -> Credentials | None:
    """Return the IAM token set as a trait, else as an environment variable."""
    if token:
        return Credentials(source="c.NotebookStop.auth_token", auth_token=token)
    ambient = _secret(environ.get("MODELARTS_AUTH_TOKEN"))
    return Credentials(source=_("environment variable MODELARTS_AUTH_TOKEN"), auth_token=ambient) if ambient else None


def builtin_sources(auth_token: Secret | None = None, environ: Mapping[str, str] | None = None) -> dict[str, Source]:
    """Return the sources of this package by name, in their default order."""
    environ = os.environ if environ is None else environ
    return {
        "auth_token": lambda: from_auth_token(auth_token, environ),
        "environment": lambda: from_environment(environ),
        "profile": lambda: from_profile(environ),
        "session": from_session,
        "pod_identity": lambda: from_pod_identity(environ),
    }
