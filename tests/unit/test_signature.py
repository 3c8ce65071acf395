"""The request as it is signed, beside the official SDK's signature of it and the known answer."""

from __future__ import annotations

import datetime
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from huaweicloudsdkcore.auth.credentials import BasicCredentials  # type: ignore[import-untyped]
from huaweicloudsdkcore.sdk_request import SdkRequest  # type: ignore[import-untyped]
from huaweicloudsdkcore.signer.signer import Signer  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_notebook_stop.errors import CredentialsError
from jupyter_notebook_stop.modelarts.auth import authorize
from jupyter_notebook_stop.modelarts.credentials import Credentials
from jupyter_notebook_stop.redaction import Secret

PROJECT = "0123456789abcdef0123456789abcdef"
NOW = datetime.datetime(2026, 11, 23, 12, 0, 0, tzinfo=datetime.timezone.utc)
STOP = (
    f"https://modelarts.cn-north-4.myhuaweicloud.com/v1/{PROJECT}/notebooks/f9937afa-4451-42db-a76b-72d624749f66/stop"
)
KEYS = Credentials(
    source="test",
    access_key=Secret("AKEXAMPLE0000000000X"),
    secret_key=Secret("SKexample000000000000000000000000000000Y"),
    security_token=Secret("TOKENexample"),
)


def signed(method: str, url: str, credentials: Credentials = KEYS, body: bytes = b"", **more: Any) -> httpx.Request:
    request = httpx.Request(method, url, content=body, headers={"Content-Type": "application/json"}, **more)
    authorize(request, credentials, PROJECT, NOW)
    return request


def official(request: httpx.Request, credentials: Credentials = KEYS) -> str:
    """Return what the official SDK signs for the same request."""
    names = ("Host", "Content-Type", "X-Project-Id", "X-Sdk-Date", "X-Security-Token")
    sdk_request = SdkRequest(
        method=request.method,
        schema="https",
        host=request.headers["Host"],
        resource_path=request.url.path,
        query_params=list(request.url.params.multi_items()),
        header_params={name: request.headers[name] for name in names if name in request.headers},
        body=request.content,
    )
    access_key, secret_key = credentials.secrets()[:2]
    return str(Signer(BasicCredentials(access_key, secret_key)).sign(sdk_request).header_params["Authorization"])


def test_the_known_answer() -> None:
    request = signed("POST", STOP)
    assert request.headers["Authorization"] == (
        "SDK-HMAC-SHA256 Access=AKEXAMPLE0000000000X,"
        " SignedHeaders=content-type;host;x-project-id;x-sdk-date;x-security-token,"
        " Signature=20a063ced39bc6d3fbe60a994ce85386cc4dee66ec35602420c915a1fc38abf6"
    )
    assert request.headers["X-Sdk-Date"] == "20261123T120000Z"
    assert request.headers["X-Project-Id"] == PROJECT
    assert request.headers["X-Security-Token"] == "TOKENexample"
    assert "X-Auth-Token" not in request.headers
    assert request.headers["Authorization"] == official(request)


def test_permanent_keys_send_no_security_token() -> None:
    permanent = Credentials(source="test", access_key=KEYS.access_key, secret_key=KEYS.secret_key)
    request = signed("GET", STOP[:-5], permanent)
    assert "X-Security-Token" not in request.headers
    assert "SignedHeaders=content-type;host;x-project-id;x-sdk-date," in request.headers["Authorization"]
    assert request.headers["Authorization"] == official(request, permanent)


def test_a_token_needs_no_signature() -> None:
    token = Credentials(source="test", auth_token=Secret("IAM"), access_key=KEYS.access_key, secret_key=KEYS.secret_key)
    request = signed("GET", STOP, token)
    assert request.headers["X-Auth-Token"] == "IAM"
    assert not {"Authorization", "X-Sdk-Date", "X-Security-Token"} & set(request.headers)


@pytest.mark.parametrize("given", [{}, {"access_key": Secret("a")}, {"secret_key": Secret("b")}])
def test_half_a_pair_signs_nothing(given: dict[str, Any]) -> None:
    with pytest.raises(CredentialsError, match="incomplete"):
        signed("GET", STOP, Credentials(source="test", **given))


word = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=8)


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(
    st.sampled_from(["GET", "POST", "PATCH", "DELETE"]),
    st.lists(word.filter(lambda text: text not in ("", ".", "..")), max_size=4),
    st.lists(st.tuples(word, word), max_size=4),
    st.binary(max_size=20),
)
def test_any_request_is_signed_as_the_sdk_signs_it(
    method: str, path: list[str], query: list[tuple[str, str]], body: bytes
) -> None:
    url = "https://host.example/" + "/".join(quote(part, safe="~") for part in path)
    request = signed(method, url, body=body, params=query)
    assert request.headers["Authorization"] == official(request)
