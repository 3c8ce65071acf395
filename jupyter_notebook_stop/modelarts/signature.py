"""The request signature of Huawei Cloud's API gateway, SDK-HMAC-SHA256.

Only the algorithm is here: no clock, no network, no credentials of its own.
The simulator checks signatures with the same functions; the tests compare them
with those of the official SDK.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Mapping, Sequence, Tuple
from urllib.parse import quote, unquote

ALGORITHM = "SDK-HMAC-SHA256"
DATE_FORMAT = "%Y%m%dT%H%M%SZ"
DATE_HEADER = "X-Sdk-Date"
CONTENT_HASH_HEADER = "x-sdk-content-sha256"

Query = Sequence[Tuple[str, str]]


def _encode(text: str) -> str:
    return quote(text, safe="~")


def signed_header_names(headers: Mapping[str, str]) -> list[str]:
    """Return the lower-case names of the headers that take part, sorted.

    The gateway drops headers with an underscore in their name, so these
    cannot be signed.
    """
    return sorted(name.lower() for name in headers if "_" not in name)


def canonical_request(
    method: str,
    path: str,
    query: Query,
    headers: Mapping[str, str],
    body: bytes,
    signed_names: Sequence[str] | None = None,
) -> str:
    """Return the canonical form of a request, the text whose hash is signed.

    Parameters
    ----------
    method
        HTTP method in any case.
    path
        Path of the URL, percent-encoded or not.
    query
        Decoded pairs of name and value, in any order.
    headers
        The headers to sign, ``Host`` and ``X-Sdk-Date`` among them.
    body
        The body as sent.
    signed_names
        Lower-case names of the headers to sign; all of `headers` by default.
    """
    values = {name.lower(): value.strip() for name, value in headers.items()}
    names = signed_header_names(headers) if signed_names is None else list(signed_names)
    uri = "/".join(_encode(segment) for segment in unquote(path).split("/"))
    if not uri.endswith("/"):
        uri += "/"
    if body and values.get(CONTENT_HASH_HEADER):
        content_hash = values[CONTENT_HASH_HEADER]
    else:
        content_hash = hashlib.sha256(body).hexdigest()
    return "\n".join(
        (
            method.upper(),
            uri,
            "&".join(f"{_encode(name)}={_encode(value)}" for name, value in sorted(query)),
            *(f"{name}:{values.get(name, '')}" for name in names),
            "",
            ";".join(names),
            content_hash,
        )
    )


def sign(
    *,
    method: str,
    path: str,
    query: Query,
    headers: Mapping[str, str],
    body: bytes,
    secret_key: str,
    signed_names: Sequence[str] | None = None,
) -> str:
    """Return the signature of a request in lower-case hex.

    Parameters
    ----------
    secret_key
        The SK that belongs to the access key named in the header.
    method, path, query, headers, body, signed_names
        As for `canonical_request`; `headers` must hold ``X-Sdk-Date``.

    Raises
    ------
    KeyError
        When there is no ``X-Sdk-Date`` header.
    """
    canonical = canonical_request(method, path, query, headers, body, signed_names)
    date = {name.lower(): value for name, value in headers.items()}[DATE_HEADER.lower()].strip()
    digest = hashlib.sha256(canonical.encode("utf-8")).hexdigest()
    return hmac.new(secret_key.encode("utf-8"), f"{ALGORITHM}\n{date}\n{digest}".encode(), hashlib.sha256).hexdigest()


def authorization(access_key: str, signature: str, signed_names: Sequence[str]) -> str:
    """Return the value of the ``Authorization`` header."""
    return f"{ALGORITHM} Access={access_key}, SignedHeaders={';'.join(signed_names)}, Signature={signature}"
