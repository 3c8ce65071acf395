"""The cloud's error codes, in every form an error answer has."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_notebook_stop import errors
from jupyter_notebook_stop.errors import (
    CloudError,
    CredentialsError,
    InstanceNotFoundError,
    InstanceStateError,
    NotebookStopError,
    PermissionDeniedError,
    UnreachableError,
)
from jupyter_notebook_stop.modelarts.error_codes import ALREADY_DONE, MAX_MESSAGE, error_from_response
from jupyter_notebook_stop.modelarts.signature import canonical_request
from jupyter_notebook_stop.notebook.local_api import error_of
from jupyter_notebook_stop.policy.views import problem_of
from jupyter_notebook_stop.redaction import HIDDEN


def test_a_text_forges_no_line() -> None:
    body = {"error_code": "A.1\r\nWARNING", "error_msg": "one\n\x1b[2JWARNING forged\u2028two\x85three"}
    error = error_from_response(400, {"x-request-id": "id"}, json.dumps(body).encode())
    assert (error.code, error.message) == ("A.1 WARNING", "one [2JWARNING forged two three")


@pytest.mark.parametrize("code", ["APIGW.0302", "ModelArts.6308", "ModelArts.6309", "Other.1"])
def test_a_401_is_about_credentials_whatever_its_code(code: str) -> None:
    error = error_from_response(401, {}, json.dumps({"error_code": code, "error_msg": "no"}).encode())
    assert (type(error), error.code) == (CredentialsError, code)
    assert type(error_of(problem_of(error), 502)) is CredentialsError, "whoever asked a Jupyter server gets the same"


TABLE: list[tuple[int, str, type[NotebookStopError], str]] = [
    (400, "ModelArts.6357", InstanceStateError, "stopping or stopped already"),
    (400, "ModelArts.6307", InstanceStateError, "stopping or stopped already"),
    (400, "ModelArts.6308", InstanceStateError, "stopping or stopped already"),
    (400, "ModelArts.6309", InstanceNotFoundError, "instance id, the project and the region"),
    (400, "ModelArts.6404", InstanceNotFoundError, "instance id, the project and the region"),
    (400, "ModelArts.6306", InstanceStateError, "still starting"),
    (400, "ModelArts.6327", InstanceStateError, "not running"),
    (400, "ModelArts.6326", InstanceStateError, "arrears"),
    (400, "ModelArts.6333", InstanceStateError, "restored"),
    (400, "ModelArts.6355", InstanceStateError, "initialised"),
    (401, "APIGW.0301", CredentialsError, "lock an access key"),
    *((401, f"ModelArts.020{number}", CredentialsError, "lock an access key") for number in range(1, 9)),
    (403, "ModelArts.0108", PermissionDeniedError, "modelarts:notebook:stop"),
    (403, "ModelArts.0112", PermissionDeniedError, "modelarts:notebook:stop"),
    (403, "ModelArts.6407", PermissionDeniedError, "modelarts:notebook:stop"),
    (403, "APIGW.0302", PermissionDeniedError, "modelarts:notebook:stop"),
    (403, "ModelArts.0210", PermissionDeniedError, "project id and region"),
    (404, "APIGW.0101", CloudError, "endpoint"),
    (408, "ModelArts.6100", UnreachableError, "try again"),
    (429, "APIGW.0308", UnreachableError, "try again"),
    (500, "ModelArts.6101", UnreachableError, "try again"),
    (503, "APIGW.0201", UnreachableError, "try again"),
]
SHAPES: dict[str, Any] = {
    "error_code": lambda code, text: {"error_code": code, "error_msg": text, "request_id": "r-1"},
    "errorCode": lambda code, text: {"errorCode": code, "errorMsg": text, "request_id": "r-1"},
    "code": lambda code, text: {"code": code, "message": text, "requestId": "r-1"},
    "nested": lambda code, text: {"error": {"error_code": code, "error_msg": text, "request_id": "r-1"}},
    "nested_errorCode": lambda code, text: {"result": {"errorCode": code, "errorMsg": text}, "request_id": "r-1"},
    "nested_code": lambda code, text: {"status": "x", "error": {"code": code, "message": text}, "request_id": "r-1"},
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("status", "code", "kind", "remedy"), TABLE)
def test_the_table(status: int, code: str, kind: type[NotebookStopError], remedy: str, shape: str) -> None:
    error = error_from_response(status, {}, json.dumps(SHAPES[shape](code, "What happened.")).encode())
    assert type(error) is kind
    assert (error.code, error.status, error.request_id, error.message) == (code, status, "r-1", "What happened.")
    assert remedy in str(error.remedy)
    for part in ("What happened.", code, f"HTTP {status}", "request r-1", str(error.remedy)):
        assert part in str(error)


@pytest.mark.parametrize(("code", "kind"), [(code, kind) for _, code, kind, _ in TABLE])
def test_the_code_says_more_than_the_status(code: str, kind: type[NotebookStopError]) -> None:
    error = error_from_response(418, {}, json.dumps({"error_code": code, "error_msg": "x"}).encode())
    assert type(error) is kind


def test_what_is_already_done_is_no_failure() -> None:
    assert dict(ALREADY_DONE) == {
        "ModelArts.6357": "STOPPING",
        "ModelArts.6307": "STOPPED",
        "ModelArts.6308": "STOPPING",
    }


@pytest.mark.parametrize(
    ("status", "kind", "remedy"),
    [
        (400, CloudError, "support"),
        (401, CredentialsError, "wrong, expired or revoked"),
        (403, PermissionDeniedError, "modelarts:notebook:stop"),
        (404, CloudError, "endpoint"),
        (407, UnreachableError, "proxy"),
        *((status, UnreachableError, "try again") for status in (408, 429, 500, 502, 503, 504)),
        (302, CloudError, "returned a redirect"),
        (418, CloudError, "support"),
    ],
)
@pytest.mark.parametrize("body", [b'{"error_code": "New.1", "error_msg": "New."}', b"", b"<html>", b"\xff", b"[]"])
def test_an_unknown_code_is_judged_by_its_status(
    status: int, kind: type[NotebookStopError], remedy: str, body: bytes
) -> None:
    error = error_from_response(status, {"x-request-id": "r-2"}, body)
    assert type(error) is kind
    assert remedy in str(error.remedy)
    assert (error.status, error.request_id) == (status, "r-2")
    assert error.code == ("New.1" if b"New.1" in body else f"http_{status}")
    assert error.message


def test_the_body_s_request_id_goes_before_the_header_s() -> None:
    body = b'{"error_code": "A.1", "error_msg": "x", "request_id": "body"}'
    assert error_from_response(500, {"x-request-id": "header"}, body).request_id == "body"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"<html><head><title>502 Bad\n Gateway</title></head><body>x</body></html>", "502 Bad Gateway"),
        (b"<html><body><h1>Blocked</h1>\r\n<p>by  the proxy</p></body></html>", "Blocked by the proxy"),
        (b"plain text", "plain text"),
        (b"", "The service returned HTTP 502 without a message."),
    ],
)
def test_a_proxy_s_page(body: bytes, message: str) -> None:
    assert error_from_response(502, {}, body).message == message


def test_the_context_is_named() -> None:
    context = {"credentials": "environment", "endpoint": "https://x from region"}
    error = error_from_response(401, {}, b'{"error_code": "APIGW.0301", "error_msg": "No."}', context=context)
    assert error.message == "No. (credentials: environment, endpoint: https://x from region)"


HEADERS = {
    "Host": "modelarts.cn-north-4.myhuaweicloud.com",
    "X-Sdk-Date": "20261123T120000Z",
    "X-Security-Token": "gQpjbi1ub3J0aC00+/TOKEN==",
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("secrets", [(), ("gQpjbi1ub3J0aC00+/TOKEN==", "AKSECRET1", "SKSECRET1")])
def test_an_echoed_request_is_redacted(shape: str, secrets: tuple[str, ...]) -> None:
    canonical = canonical_request("POST", "/v1/p/notebooks/i/stop", [], HEADERS, b"")
    echo = (
        f"Incorrect IAM authentication information: verify aksk signature fail, canonicalRequest:{canonical}"
        "\nauthorization:SDK-HMAC-SHA256 Access=AKSECRET1, SignedHeaders=host;x-sdk-date, Signature=deadbeefdeadbeef"
    )
    error = error_from_response(401, {}, json.dumps(SHAPES[shape]("APIGW.0301", echo)).encode(), secrets=secrets)
    shown = f"{error} {error!r} {vars(error)} {error.args}"
    for secret in ("gQpjbi1ub3J0aC00", "TOKEN==", "AKSECRET1", "deadbeef"):
        assert secret not in shown
    assert "verify aksk signature fail" in error.message
    assert "x-sdk-date:20261123T120000Z" in error.message


def test_known_secrets_are_redacted_where_no_name_gives_them_away() -> None:
    body = json.dumps({"error_code": "X.SKSECRET1", "error_msg": "with SKSECRET1", "request_id": "SKSECRET1"}).encode()
    error = error_from_response(400, {}, body, secrets=("SKSECRET1",))
    assert "SKSECRET1" not in f"{error} {vars(error)}"
    assert error.message == f"with {HIDDEN}"
    page = error_from_response(502, {}, b"<html><body>you sent SKSECRET1</body></html>", secrets=("SKSECRET1",))
    assert page.message == f"you sent {HIDDEN}"


@pytest.mark.parametrize("before", range(9600 - 12, 9600))
def test_a_secret_is_not_cut_in_half_before_it_is_recognised(before: int) -> None:
    body = b"<html>" + b" " * (before - 6) + b"SKSECRET1234 and so on"
    assert "SKS" not in str(error_from_response(502, {}, body, secrets=("SKSECRET1234",)))


def test_a_long_message_is_cut() -> None:
    message = error_from_response(400, {}, json.dumps({"error_code": "A", "error_msg": "x" * 10_000}).encode()).message
    assert len(message) == MAX_MESSAGE
    assert message.endswith("…")
    assert (
        len(error_from_response(400, {}, json.dumps({"error_code": "A" * 999, "error_msg": "x"}).encode()).code) == 100
    )


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(
    st.binary(max_size=80)
    | st.recursive(
        st.none() | st.integers() | st.text(max_size=5),
        lambda inner: st.dictionaries(st.sampled_from(["code", "message", "error_code", "request_id", "e"]), inner),
        max_leaves=6,
    ).map(lambda value: json.dumps(value).encode()),
    st.sampled_from([302, 400, 401, 403, 404, 500, 503]),
)
def test_any_answer_becomes_an_error(body: bytes, status: int) -> None:
    error = error_from_response(status, {}, body)
    assert isinstance(error, NotebookStopError)
    assert error.status == status
    assert isinstance(error.code, str)
    assert str(error)


def test_a_body_nested_without_end() -> None:
    assert error_from_response(500, {}, b'{"a":' * 50_000 + b"1" + b"}" * 50_000).code == "http_500"


def every_kind() -> list[type[NotebookStopError]]:
    return [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, NotebookStopError)]


@pytest.mark.parametrize("kind", every_kind())
def test_every_kind_says_what_it_knows(kind: type[NotebookStopError]) -> None:
    bare = kind("Message.")
    assert (bare.code, bare.remedy, bare.status) == (kind.default_code, kind.default_remedy, None)
    assert str(bare).startswith(f"Message. [{kind.default_code}]")
    full = kind("Message.", code="c", remedy="Do it.", status=400, request_id="r")
    assert str(full) == "Message. [c, HTTP 400, request r] Do it."
