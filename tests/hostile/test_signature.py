"""Our signature and the official SDK's: equal for whatever can be signed, and equal on the wire."""

from __future__ import annotations

import asyncio
import datetime
import functools
import ssl
import types
from typing import Any, Callable, Iterator, List
from urllib.parse import quote

import httpx
import pytest
from huaweicloudsdkcore.auth.credentials import BasicCredentials  # type: ignore[import-untyped]
from huaweicloudsdkcore.sdk_request import SdkRequest  # type: ignore[import-untyped]
from huaweicloudsdkcore.signer import signer as official_signer  # type: ignore[import-untyped]
from huaweicloudsdkmodelarts.v1 import (  # type: ignore[import-untyped]
    ModelArtsClient,
    ShowNotebookRequest,
    StopNotebookRequest,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jupyter_notebook_stop.modelarts import auth
from jupyter_notebook_stop.modelarts.auth import authorize
from jupyter_notebook_stop.modelarts.client import NotebooksClient
from jupyter_notebook_stop.modelarts.credentials import CredentialChain, Credentials
from jupyter_notebook_stop.modelarts.signature import authorization, sign, signed_header_names
from jupyter_notebook_stop.redaction import Secret
from jupyter_notebook_stop.simulator import ThreadedSimulator
from jupyter_notebook_stop.simulator.authentication import KeyRing
from jupyter_notebook_stop.simulator.request_log import Request

from ..examples import examples

# From Python 3.12 on, the SDK's way to read the clock is a deprecated one.
pytestmark = pytest.mark.filterwarnings("ignore:.*utcnow:DeprecationWarning")

PROJECT = "0123456789abcdef0123456789abcdef"
NOW = datetime.datetime(2026, 11, 23, 12, 0, 0, tzinfo=datetime.timezone.utc)
DATE = "20261123T120000Z"

anything = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=10)
odd = st.sampled_from(
    ["~", "%", "%2F", "+", " ", "a b", "..", ".", "*", "é", "中文", "🛑", "&", "=", "#", "?", ";", "'"]
)
word = anything | odd
keyword = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40)
segments = st.lists(word.filter(lambda text: text not in ("", ".", "..")), max_size=6)
# As a URL has it, and as nobody should write it.
paths = st.builds(
    lambda parts, write: "/" + "/".join(map(write, parts)),
    st.lists(word | st.sampled_from(["", ".", "..", "%2f", "%252F", "a%20b", "%", "%zz"]), max_size=6),
    st.sampled_from([str, quote, functools.partial(quote, safe="~"), functools.partial(quote, safe="")]),
)
names = st.from_regex(r"\AX-[A-Za-z0-9_-]{1,12}\Z").filter(
    lambda name: name.lower() not in ("x-sdk-date", "x-sdk-content-sha256", "x-project-id", "x-security-token")
)
values = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12) | word.map(str.strip)
headers = st.dictionaries(names, values, max_size=4).map(
    # Names that differ in case only are one header on the wire.
    lambda found: {key: found[key] for key in {key.lower(): key for key in found}.values()}
)
bodies = st.just(b"") | st.binary(max_size=48) | anything.map(str.encode)
methods = st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "post"])
many = settings(
    max_examples=2000, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)


def official(keys: tuple[str, str], request: dict[str, Any]) -> str:
    """Return what the official SDK writes into the Authorization header."""
    sent = SdkRequest(
        method=request["method"],
        resource_path=request["path"],
        host=request["headers"]["Host"],
        query_params=list(request["query"]),
        header_params=dict(request["headers"]),
        body=request["body"],
        schema="https",
    )
    return str(official_signer.Signer(BasicCredentials(*keys)).sign(sent).header_params["Authorization"])


@many
@given(
    methods,
    paths,
    st.lists(st.tuples(word, word), max_size=5),
    headers,
    bodies,
    keyword,
    keyword,
    keyword | st.none(),
)
def test_any_request_is_signed_as_the_official_sdk_signs_it(
    method: str,
    path: str,
    query: List[tuple[str, str]],
    extra: dict[str, str],
    body: bytes,
    access_key: str,
    secret_key: str,
    token: str | None,
) -> None:
    fixed = {"Host": "modelarts.cn-north-4.myhuaweicloud.com", "X-Sdk-Date": DATE, "X-Project-Id": PROJECT}
    given_headers = {**extra, **fixed, "Content-Type": "application/json"}
    if token is not None:
        given_headers["X-Security-Token"] = token
    request: dict[str, Any] = {
        "method": method,
        "path": path,
        "query": query,
        "headers": given_headers,
        "body": body,
    }
    own = authorization(access_key, sign(**request, secret_key=secret_key), signed_header_names(given_headers))
    assert own == official((access_key, secret_key), request)


@settings(many, max_examples=examples(250))
@given(methods, segments, st.lists(st.tuples(word, word), max_size=4), bodies, keyword, keyword, keyword | st.none())
def test_what_httpx_sends_is_signed_as_the_official_sdk_signs_it(
    method: str,
    path: List[str],
    query: List[tuple[str, str]],
    body: bytes,
    access_key: str,
    secret_key: str,
    token: str | None,
) -> None:
    url = "https://modelarts.example/" + "/".join(quote(part, safe="~") for part in path)
    sent = httpx.Request(method, url, params=[*query], content=body, headers={"Content-Type": "application/json"})
    keys = Credentials(
        source="test",
        access_key=Secret(access_key),
        secret_key=Secret(secret_key),
        security_token=Secret(token) if token else None,
    )
    authorize(sent, keys, PROJECT, NOW)
    signed = ("Host", "Content-Type", "X-Project-Id", "X-Sdk-Date", "X-Security-Token")
    request: dict[str, Any] = {
        "method": method,
        "path": sent.url.raw_path.decode("ascii").partition("?")[0],
        "query": query,
        "headers": {name: sent.headers[name] for name in signed if name in sent.headers},
        "body": body,
    }
    assert sent.headers["Authorization"] == official((access_key, secret_key), request)


class _Clock(datetime.datetime):
    """A clock that stands still, for both clients."""

    @classmethod
    def now(cls, tz: Any = None) -> Any:
        return NOW if tz is not None else NOW.replace(tzinfo=None)

    @classmethod
    def utcnow(cls) -> Any:
        return NOW.replace(tzinfo=None)


@pytest.fixture
def frozen(monkeypatch: pytest.MonkeyPatch) -> Iterator[ThreadedSimulator]:
    """A stand-in where it is always the same second, as it is for both clients."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(official_signer, "datetime", _Clock)
    ours = types.SimpleNamespace(datetime=_Clock, timezone=datetime.timezone)
    monkeypatch.setattr(auth, "datetime", ours)
    with ThreadedSimulator(step_seconds=0.02, clock=NOW.timestamp) as running:
        yield running


def send_ours(simulator: ThreadedSimulator, operation: str) -> None:
    keys = Credentials(
        source="test",
        access_key=Secret(simulator.access_key),
        secret_key=Secret(simulator.secret_key),
        security_token=Secret(simulator.security_token) if simulator.security_token else None,
    )

    async def main() -> None:
        client = NotebooksClient(
            endpoint=simulator.endpoint,
            project_id=simulator.project_id,
            chain=CredentialChain([("test", lambda: keys)], clock=NOW.timestamp),
            verify=ssl.create_default_context(),
        )
        await getattr(client, operation)(simulator.instance_id)
        await client.aclose()

    asyncio.run(main())


def send_official(simulator: ThreadedSimulator, operation: str) -> None:
    keys = BasicCredentials(simulator.access_key, simulator.secret_key, simulator.project_id)
    if simulator.security_token:
        keys.with_security_token(simulator.security_token)
    client = ModelArtsClient.new_builder().with_credentials(keys).with_endpoint(simulator.endpoint).build()
    if operation == "show":
        client.show_notebook(ShowNotebookRequest(id=simulator.instance_id))
    else:
        client.stop_notebook(StopNotebookRequest(id=simulator.instance_id))
    client.close()


def signed_names(request: Request) -> List[str]:
    return request.headers["authorization"].partition("SignedHeaders=")[2].partition(",")[0].split(";")


AGREE = ("content-type", "host", "x-project-id", "x-security-token", "x-sdk-date")


@pytest.mark.parametrize("temporary", [True, False])
@pytest.mark.parametrize("operation", ["show", "stop"])
def test_both_clients_send_the_same(frozen: ThreadedSimulator, operation: str, temporary: bool) -> None:
    if not temporary:
        frozen.security_token = ""
        frozen.keys.add(frozen.access_key, frozen.secret_key)
    senders: List[Callable[[ThreadedSimulator, str], None]] = [send_ours, send_official]
    for send in senders:
        frozen.instance.status = "RUNNING"
        send(frozen, operation)
    ours, theirs = frozen.requests
    assert ours.took_effect
    assert theirs.took_effect
    for part in ("operation", "method", "path", "query", "body"):
        assert getattr(ours, part) == getattr(theirs, part), part
    for name in AGREE:
        assert ours.headers.get(name) == theirs.headers.get(name), name
    assert ours.headers["x-sdk-date"] == DATE
    assert ("x-security-token" in ours.headers) is temporary
    # The official client signs its own name as well; without it, the two signatures are one and the same.
    assert signed_names(theirs) == sorted([*signed_names(ours), "user-agent"])
    agreed = {name: ours.headers[name] for name in signed_names(ours)}
    request: dict[str, Any] = {
        "method": theirs.method,
        "path": theirs.path,
        "query": theirs.query,
        "headers": {"Host": agreed.pop("host"), **agreed},
        "body": theirs.body,
    }
    assert ours.headers["authorization"] == official((frozen.access_key, frozen.secret_key), request)
    again = sign(
        **{**request, "headers": dict(theirs.headers)}, secret_key=frozen.secret_key, signed_names=signed_names(theirs)
    )
    assert theirs.headers["authorization"].endswith(f"Signature={again}")
    assert "transfer-encoding" not in ours.headers
    assert ours.headers.get("content-length", "0") == theirs.headers.get("content-length", "0") == "0"
    for sent in (ours, theirs):
        verify(frozen, sent)


def verify(simulator: ThreadedSimulator, request: Request) -> None:
    keys = KeyRing()
    keys.add(simulator.access_key, simulator.secret_key, simulator.security_token or None)
    keys.check(request, NOW.timestamp())
