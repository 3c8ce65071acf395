"""Who may call: keys, tokens, and the check of the signature of a request."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from urllib.parse import parse_qsl

from ..modelarts.signature import ALGORITHM, CONTENT_HASH_HEADER, DATE_FORMAT, canonical_request, sign
from ..redaction import Secret
from .request_log import Request
from .responses import Refusal

DATE_WINDOW_SECONDS = 900.0
UNSIGNED_BODY = "UNSIGNED-PAYLOAD"

_AUTHORIZATION = re.compile(
    re.escape(ALGORITHM) + r" Access=([^\s,]+), ?SignedHeaders=([^\s,]+), ?Signature=([0-9a-f]{64})"
)


@dataclass
class Key:
    """An access key.

    Parameters
    ----------
    access_key
        The AK.
    secret_key
        The SK.
    security_token
        Given for a temporary key, None for a permanent one.
    expires_at
        When it expires, in seconds since the epoch; None for never.
    """

    access_key: str
    secret_key: Secret
    security_token: Secret | None = None
    expires_at: float | None = None
    failures: int = 0


class KeyRing:
    """The valid keys and tokens; they can be changed while the service runs.

    Parameters
    ----------
    lock_after
        How many wrong signatures in a row a key may have; one more locks it
        until `unlock`. None for no lock.
    """

    def __init__(self, lock_after: int | None = 5) -> None:
        self.lock_after = lock_after
        self._keys: dict[str, Key] = {}
        self._tokens: dict[Secret, float | None] = {}

    def __repr__(self) -> str:
        return f"<KeyRing {len(self._keys)} keys, {len(self._tokens)} tokens>"

    def add(
        self, access_key: str, secret_key: str, security_token: str | None = None, expires_at: float | None = None
    ) -> Key:
        """Add a key; with a security token it is a temporary one."""
        token = Secret(security_token) if security_token else None
        key = self._keys[access_key] = Key(access_key, Secret(secret_key), token, expires_at)
        return key

    def revoke(self, access_key: str) -> None:
        """Remove a key."""
        del self._keys[access_key]

    def expire(self, access_key: str, at: float = 0.0) -> None:
        """Let a key expire at a time in seconds since the epoch, by default at once."""
        self._keys[access_key].expires_at = at

    def unlock(self, access_key: str) -> None:
        """Forget the wrong signatures of a key."""
        self._keys[access_key].failures = 0

    def is_locked(self, access_key: str) -> bool:
        """Return whether too many wrong signatures have locked a key."""
        return self.lock_after is not None and self._keys[access_key].failures > self.lock_after

    def add_token(self, token: str, expires_at: float | None = None) -> None:
        """Add a token for the header ``X-Auth-Token``."""
        self._tokens[Secret(token)] = expires_at

    def revoke_token(self, token: str) -> None:
        """Remove a token."""
        del self._tokens[Secret(token)]

    def check(self, request: Request, now: float, *, echo_canonical_request: bool = False) -> None:
        """Raise `Refusal` unless the request is authenticated.

        Parameters
        ----------
        request
            The request.
        now
            Seconds since the epoch, by the service's clock.
        echo_canonical_request
            Whether the response to a wrong signature shows the canonical
            request, with all signed headers.
        """
        if "x-auth-token" in request.headers:
            self._check_token(request.headers["x-auth-token"], now)
            return
        match = _AUTHORIZATION.fullmatch(request.headers.get("authorization", ""))
        if match is None:
            raise _refusal(
                "verify aksk signature fail, the Authorization header is malformed"
                if "authorization" in request.headers
                else "neither X-Auth-Token nor Authorization is present"
            )
        access_key, names, signature = match[1], match[2].split(";"), match[3]
        key = self._keys.get(access_key)
        if key is None:
            raise _refusal("verify aksk signature fail, the access key does not exist")
        if self.is_locked(access_key):
            raise _refusal("verify aksk signature fail, the access key is locked after too many failures")
        _check_signed_names(names, request.headers)
        _check_date(request.headers["x-sdk-date"], now)
        if key.expires_at is not None and now >= key.expires_at:
            raise _refusal("verify aksk signature fail, the temporary access key has expired")
        _check_security_token(key, request.headers)
        self._check_signature(key, request, names, signature, echo_canonical_request)

    def _check_token(self, token: str, now: float) -> None:
        sent = token.encode()
        for known, expires_at in list(self._tokens.items()):
            if hmac.compare_digest(known.reveal().encode(), sent) and (expires_at is None or now < expires_at):
                return
        raise _refusal("the token in X-Auth-Token is wrong or has expired")

    def _check_signature(self, key: Key, request: Request, names: list[str], signature: str, echo: bool) -> None:
        expected = sign(
            method=request.method,
            path=request.path,
            query=request.query,
            headers=request.headers,
            body=request.body,
            secret_key=key.secret_key.reveal(),
            signed_names=names,
        )
        stated = request.headers.get(CONTENT_HASH_HEADER, UNSIGNED_BODY)
        body_fits = stated == UNSIGNED_BODY or stated == hashlib.sha256(request.body).hexdigest()
        if hmac.compare_digest(expected, signature) and body_fits:
            key.failures = 0
            return
        key.failures += 1
        text = "verify aksk signature fail"
        if echo:
            canonical = canonical_request(
                request.method, request.path, request.query, request.headers, request.body, names
            )
            text += f", canonicalRequest:{canonical}"
        raise _refusal(text)


def _refusal(text: str) -> Refusal:
    return Refusal(401, "APIGW.0301", f"Incorrect IAM authentication information: {text}")


def _check_signed_names(names: list[str], headers: Mapping[str, str]) -> None:
    for name in ("host", "x-sdk-date"):
        if name not in names:
            raise _refusal(f"verify aksk signature fail, {name} is not among the signed headers")
    for name in names:
        if name not in headers:
            raise _refusal("verify aksk signature fail, a signed header is missing")
    for name in ("x-security-token", "x-project-id"):
        if name in headers and name not in names:
            raise _refusal(f"verify aksk signature fail, {name} is not signed")


def _check_date(text: str, now: float) -> None:
    try:
        stated = datetime.strptime(text.strip(), DATE_FORMAT).replace(tzinfo=timezone.utc).timestamp()
    except ValueError:
        raise _refusal("verify aksk signature fail, x-sdk-date is malformed") from None
    if abs(now - stated) > DATE_WINDOW_SECONDS:
        raise _refusal("verify aksk signature fail, x-sdk-date is more than 15 minutes off")


def _check_security_token(key: Key, headers: Mapping[str, str]) -> None:
    sent = headers.get("x-security-token", "").strip()
    if key.security_token is None:
        if sent:
            raise _refusal("verify aksk signature fail, a permanent access key has no security token")
        return
    if not sent:
        raise _refusal("verify aksk signature fail, X-Security-Token is missing for a temporary access key")
    if not hmac.compare_digest(key.security_token.reveal().encode(), sent.encode()):
        raise _refusal("verify aksk signature fail, X-Security-Token is wrong")


def decode_query(text: str) -> list[tuple[str, str]]:
    """Return the pairs of a raw query, empty values kept."""
    return parse_qsl(text, keep_blank_values=True)


def decode_header(value: str) -> str:
    """Return the UTF-8 text that was sent and signed, from a header value that was decoded as Latin-1."""
    return value.encode("latin-1", "replace").decode("utf-8", "replace")
