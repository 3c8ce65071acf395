"""Our signature beside the official SDK's: the known answer, and whatever Hypothesis can think of."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, quote

from huaweicloudsdkcore.auth.credentials import BasicCredentials  # type: ignore[import-untyped]
from huaweicloudsdkcore.sdk_request import SdkRequest  # type: ignore[import-untyped]
from huaweicloudsdkcore.signer.signer import Signer  # type: ignore[import-untyped]
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tornado.httputil import HTTPHeaders

from jupyter_notebook_stop.modelarts.signature import authorization, sign, signed_header_names
from jupyter_notebook_stop.simulator.authentication import KeyRing, decode_header, decode_query
from jupyter_notebook_stop.simulator.request_log import Request

ACCESS_KEY = "AKEXAMPLE0000000000X"
SECRET_KEY = "SKexample000000000000000000000000000000Y"
PROJECT = "0123456789abcdef0123456789abcdef"
KNOWN = "20a063ced39bc6d3fbe60a994ce85386cc4dee66ec35602420c915a1fc38abf6"
DATE = "20261123T120000Z"
DATE_SECONDS = 1795435200.0

KNOWN_REQUEST: dict[str, Any] = {
    "method": "POST",
    "path": f"/v1/{PROJECT}/notebooks/f9937afa-4451-42db-a76b-72d624749f66/stop",
    "query": [],
    "headers": {
        "Content-Type": "application/json",
        "Host": "modelarts.cn-north-4.myhuaweicloud.com",
        "X-Project-Id": PROJECT,
        "X-Sdk-Date": DATE,
        "X-Security-Token": "TOKENexample",
    },
    "body": b"",
}

text = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=12)
# A path as it is sent: segments of anything, each percent-encoded.
segment = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=8)
path = st.lists(segment, max_size=5).map(lambda parts: "/" + "/".join(quote(part, safe="~") for part in parts))
name = st.from_regex(r"\A[A-Za-z][A-Za-z0-9_-]{0,9}\Z").map(lambda word: "X-T-" + word)
value = text.map(str.strip)
headers = st.dictionaries(name, value, max_size=4).map(
    # Names that differ in case only are one header on the wire.
    lambda found: {key: found[key] for key in {key.lower(): key for key in found}.values()}
)


def official(request: dict[str, Any]) -> str:
    sent = SdkRequest(
        method=request["method"],
        resource_path=request["path"],
        host=request["headers"]["Host"],
        query_params=list(request["query"]),
        header_params=dict(request["headers"]),
        body=request["body"],
        schema="https",
    )
    return str(Signer(BasicCredentials(ACCESS_KEY, SECRET_KEY)).sign(sent).header_params["Authorization"])


def ours(request: dict[str, Any]) -> str:
    names = signed_header_names(request["headers"])
    return authorization(ACCESS_KEY, sign(**request, secret_key=SECRET_KEY), names)


def test_the_known_answer() -> None:
    assert sign(**KNOWN_REQUEST, secret_key=SECRET_KEY) == KNOWN
    assert ours(KNOWN_REQUEST) == official(KNOWN_REQUEST)
    assert ours(KNOWN_REQUEST).endswith(
        f"SignedHeaders=content-type;host;x-project-id;x-sdk-date;x-security-token, Signature={KNOWN}"
    )


@settings(max_examples=200, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(
    st.sampled_from(["GET", "POST", "PATCH", "put", "Delete"]),
    path,
    st.lists(st.tuples(text, text), max_size=5),
    headers,
    st.binary(max_size=64) | text.map(str.encode),
    st.sampled_from(["application/json", "application/json;charset=utf-8"]),
)
def test_the_same_signature_and_the_simulator_takes_it(
    method: str, path: str, query: list[tuple[str, str]], extra: dict[str, str], body: bytes, kind: str
) -> None:
    fixed = {"Host": "modelarts.simulator-1.invalid", "X-Sdk-Date": DATE, "Content-Type": kind}
    request = {"method": method, "path": path, "query": query, "headers": {**extra, **fixed}, "body": body}
    signed = ours(request)
    assert signed == official(request)

    # What a server gets of it: an encoded query, header values as Latin-1, names in any case.
    encoded = "&".join(f"{quote(key, safe='~')}={quote(text, safe='~')}" for key, text in query)
    assert sorted(decode_query(encoded)) == sorted(query) == sorted(parse_qsl(encoded, keep_blank_values=True))
    received = {
        key.lower(): decode_header(text.encode().decode("latin-1"))
        for key, text in {**request["headers"], "Authorization": signed}.items()  # type: ignore[dict-item]
    }
    keys = KeyRing()
    keys.add(ACCESS_KEY, SECRET_KEY)
    sent = Request("show", method.upper(), path, decode_query(encoded), HTTPHeaders(received), body, DATE_SECONDS)
    keys.check(sent, DATE_SECONDS)
