"""Reading the instance: what is repeated, what is not, and for how long."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_notebook_stop.errors import (
    CloudError,
    CredentialsError,
    InstanceNotFoundError,
    NotebookStopError,
    OutcomeUnknownError,
    PermissionDeniedError,
    UnreachableError,
)
from jupyter_notebook_stop.modelarts import auth, client, transport
from jupyter_notebook_stop.modelarts.client import NotebooksClient
from jupyter_notebook_stop.modelarts.credentials import Credentials
from jupyter_notebook_stop.modelarts.retries import Retries
from jupyter_notebook_stop.modelarts.time_headers import MAX_CLOCK_SKEW, http_date
from jupyter_notebook_stop.modelarts.transport import MAX_RESPONSE, Timeouts
from jupyter_notebook_stop.redaction import Secret
from jupyter_notebook_stop.simulator import (
    ERROR_SHAPES,
    Answer,
    BrokenJson,
    CutBody,
    Delay,
    Drip,
    Fault,
    Html,
    Huge,
    OtherJson,
    Redirect,
    Refuse,
    Reset,
    SkewedDate,
    Throttle,
    Unavailable,
    WrongLength,
)

from .conftest import DEADLINES, SOON_GIVEN_UP, Clock


def test_a_signed_read(cloud: Any) -> None:
    notebook = cloud.show()
    assert (notebook.id, notebook.status) == (cloud.simulator.instance_id, "RUNNING")
    (request,) = cloud.simulator.requests
    assert request.method == "GET"
    assert request.path == f"/v1/{cloud.simulator.project_id}/notebooks/{cloud.simulator.instance_id}"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["authorization"].startswith("SDK-HMAC-SHA256 Access=")
    assert request.headers["x-project-id"] == cloud.simulator.project_id
    assert request.body == b""


def test_a_read_with_a_token(cloud: Any) -> None:
    token = Credentials(source="t", auth_token=Secret(cloud.simulator.auth_token))
    assert cloud.show(source=lambda: token).status == "RUNNING"
    (request,) = cloud.simulator.requests
    assert request.headers["x-auth-token"] == cloud.simulator.auth_token
    assert "authorization" not in request.headers


REPEATED: list[Fault] = [
    Throttle(retry_after=-1),
    Unavailable(status=502),
    Unavailable(status=503),
    Unavailable(status=504),
    Html(status=502),
    Reset(),
    Reset(when="during"),
    CutBody(),
    CutBody(chunked=True),
    WrongLength(by=5),
]


@pytest.mark.parametrize("fault", REPEATED, ids=repr)
def test_a_read_is_repeated(cloud: Any, fault: Fault) -> None:
    cloud.simulator.faults.add("show", fault, times=2)
    assert cloud.show().status == "RUNNING"
    assert cloud.order() == ["show"] * 3
    assert len(cloud.slept) == 2


@pytest.mark.parametrize("fault", REPEATED, ids=repr)
def test_and_not_without_end(cloud: Any, fault: Fault) -> None:
    cloud.simulator.faults.add("show", fault, times=None)
    with pytest.raises(UnreachableError):
        cloud.show()
    assert cloud.order() == ["show"] * 4


NOT_REPEATED: list[tuple[Fault, type[NotebookStopError], str]] = [
    (Refuse(401, "APIGW.0301"), CredentialsError, "APIGW.0301"),
    (Refuse(403, "ModelArts.0112"), PermissionDeniedError, "ModelArts.0112"),
    (Refuse(404, "APIGW.0101"), CloudError, "APIGW.0101"),
    (Refuse(400, "ModelArts.6309"), InstanceNotFoundError, "ModelArts.6309"),
    (Unavailable(status=500, code="ModelArts.6101"), UnreachableError, "ModelArts.6101"),
    (Redirect(), CloudError, "http_302"),
    (Redirect(status=307), CloudError, "http_307"),
    (Redirect(status=308), CloudError, "http_308"),
    (BrokenJson(), CloudError, "bad_answer"),
    (OtherJson(shape="list"), CloudError, "bad_answer"),
    (OtherJson(shape="null"), CloudError, "bad_answer"),
    (OtherJson(shape="wrong_types"), CloudError, "bad_answer"),
    (Html(status=200), CloudError, "bad_answer"),
    (Answer(status=200, body="\x00\x01"), CloudError, "bad_answer"),
    (Huge(size=MAX_RESPONSE), UnreachableError, "answer_too_large"),
    (Huge(size=50 * MAX_RESPONSE, gzipped=True), UnreachableError, "bad_answer"),
]


@pytest.mark.parametrize(("fault", "kind", "code"), NOT_REPEATED, ids=repr)
def test_a_read_is_not_repeated(cloud: Any, fault: Fault, kind: type[NotebookStopError], code: str) -> None:
    cloud.simulator.faults.add("any", fault, times=None)
    with pytest.raises(kind) as caught:
        cloud.show()
    assert caught.value.code == code
    assert caught.value.remedy
    assert cloud.order() == ["show"], "nothing was repeated, and no redirect followed"
    assert cloud.slept == []


def test_a_redirect_to_itself_is_not_followed_either(cloud: Any) -> None:
    simulator = cloud.simulator
    target = f"{simulator.endpoint}/v1/{simulator.project_id}/notebooks/{simulator.instance_id}"
    simulator.faults.add("show", Redirect(location=target))
    with pytest.raises(CloudError, match="HTTP 302") as caught:
        cloud.show()
    assert "returned a redirect" in str(caught.value.remedy)
    assert simulator.count() == 1


def test_an_answer_of_the_largest_size_is_read(cloud: Any) -> None:
    # The frame that Huge puts around its padding is 33 bytes long.
    cloud.simulator.faults.add("show", Huge(size=MAX_RESPONSE - 33))
    assert cloud.show().status == "RUNNING"
    cloud.simulator.faults.add("show", Huge(size=MAX_RESPONSE - 32))
    with pytest.raises(UnreachableError, match="more than 1048576 bytes"):
        cloud.show()


@pytest.mark.parametrize("shape", ERROR_SHAPES)
def test_every_shape_of_an_error(cloud: Any, shape: str) -> None:
    cloud.simulator.faults.add("show", Refuse(403, "ModelArts.0112", "Not you.", shape))
    context = {"instance": "i from a", "project": "p from b", "endpoint": "e from c"}
    with pytest.raises(PermissionDeniedError) as caught:
        cloud.show(context=context)
    error = caught.value
    assert error.code == ("http_403" if shape == "html" else "ModelArts.0112")
    assert error.status == 403
    assert str(error.request_id).startswith("simulated-")
    for part in ("i from a", "p from b", "e from c", "credentials: the test's keys"):
        assert part in error.message


def test_a_401_is_counted_once_and_names_its_source(cloud: Any) -> None:
    wrong = Credentials(
        source="a wrong key",
        access_key=Secret(cloud.simulator.access_key),
        secret_key=Secret("simulated-sk-wrong"),
        security_token=Secret(cloud.simulator.security_token),
    )
    cloud.simulator.settings.echo_canonical_request = True
    for failures in (1, 2):
        with pytest.raises(CredentialsError) as caught:
            cloud.show(source=lambda: wrong)
        assert cloud.simulator.call(lambda s: s.keys._keys[s.access_key].failures) == failures
        assert cloud.simulator.count() == failures
    assert "credentials: a wrong key" in caught.value.message
    assert "canonicalRequest" in caught.value.message
    assert cloud.simulator.security_token not in f"{caught.value} {vars(caught.value)}"


@pytest.mark.parametrize("where", ["access_key", "secret_key", "security_token"])
def test_a_401_that_echoes_a_known_secret_anywhere(cloud: Any, where: str) -> None:
    secret = getattr(cloud.simulator, where)
    cloud.simulator.faults.add("show", Refuse(401, "APIGW.0301", f"we do not like {secret} at all"))
    with pytest.raises(CredentialsError) as caught:
        cloud.show()
    assert secret not in f"{caught.value} {vars(caught.value)}"


def test_after_a_401_the_sources_are_asked_again(cloud: Any) -> None:
    cloud.simulator.faults.add("show", Refuse(401, "APIGW.0301"))

    async def twice(client: NotebooksClient) -> None:
        with pytest.raises(CredentialsError):
            await client.show(cloud.simulator.instance_id)
        assert cloud.asked == 1
        assert cloud.chain.known is not None, "an error must be able to name the source of what was refused"
        client.retry_credentials()
        await client.show(cloud.simulator.instance_id)

    cloud.run(twice)
    assert cloud.asked == 2


def test_a_retry_is_heard_while_the_sources_are_asked(cloud: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auth, "LOOK_FOR_RENEWAL", 0.0)
    cloud.simulator.faults.add("show", Refuse(401, "APIGW.0301"))
    release = threading.Event()

    def slow() -> Credentials:
        keys: Credentials = cloud.keys()
        if cloud.asked > 1:
            release.wait(10)
        return keys

    async def main(client: NotebooksClient) -> None:
        with pytest.raises(CredentialsError):
            await client.show(cloud.simulator.instance_id)
        reading = asyncio.ensure_future(client.show(cloud.simulator.instance_id))
        for _ in range(2000):
            if cloud.asked > 1:
                break
            await asyncio.sleep(0.002)
        client.retry_credentials()
        release.set()
        assert (await reading).status == "RUNNING"

    cloud.run(main, source=slow)
    assert cloud.order() == ["show", "show"]


def test_after_a_401_without_its_body_nothing_is_sent_again(cloud: Any) -> None:
    cloud.simulator.faults.add("show", [Refuse(401, "APIGW.0301"), CutBody()], times=None)
    with pytest.raises(CredentialsError, match="wrong, expired or revoked") as caught:
        cloud.show()
    assert caught.value.status == 401
    assert cloud.order() == ["show"]


@pytest.mark.parametrize("skew", [-3 * MAX_CLOCK_SKEW, 3 * MAX_CLOCK_SKEW])
def test_a_wrong_clock_is_diagnosed(cloud: Any, skew: float) -> None:
    cloud.simulator.settings.clock_skew = skew
    with pytest.raises(CredentialsError) as caught:
        cloud.show()
    assert caught.value.code == "clock_skew"
    assert caught.value.status == 401
    assert f"45 minutes {'behind' if skew > 0 else 'ahead'}" in str(caught.value.remedy)


@pytest.mark.parametrize(
    "fault",
    [
        (Refuse(401, "APIGW.0301"), SkewedDate(60.0)),
        (Refuse(401, "APIGW.0301"), SkewedDate(-MAX_CLOCK_SKEW + 5.0)),
        (Answer(status=401, headers={"Date": "yesterday"}),),
    ],
)
def test_a_right_clock_is_not_blamed(cloud: Any, fault: tuple[Fault, ...]) -> None:
    cloud.simulator.faults.add("show", fault)
    with pytest.raises(CredentialsError) as caught:
        cloud.show()
    assert caught.value.code in ("APIGW.0301", "http_401")
    assert "clock" not in str(caught.value.remedy)


@pytest.mark.parametrize("as_date", [False, True])
@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_honoured(cloud: Any, as_date: bool, status: int) -> None:
    cloud.simulator.faults.add("show", Throttle(retry_after=4.0, as_date=as_date, status=status))
    assert cloud.show().status == "RUNNING"
    (pause,) = cloud.slept
    assert (2.0 < pause <= 4.0) if as_date else pause == 4.0


@pytest.mark.parametrize(
    "text",
    [
        "soon",
        "-5",
        "1.5.2",
        "\u00b2",
        "Mon, 01 Jan 99999999999 00:00:00 GMT",
        "Mon, 01 Jan 2029 00:00:00 +99999999999999999999",
        "Mon, 01 Jan 2001 00:00:00 GMT",
    ],
)
def test_a_retry_after_that_makes_no_sense(cloud: Any, text: str) -> None:
    fault = Answer(status=503, headers={"Retry-After": text})
    cloud.simulator.faults.add("show", fault)
    assert cloud.show().status == "RUNNING"
    assert cloud.slept[0] < 0.1


def test_a_retry_after_beyond_the_limit_is_not_waited_for(cloud: Any) -> None:
    cloud.simulator.faults.add("show", Throttle(retry_after=3600.0))
    with pytest.raises(UnreachableError) as caught:
        cloud.show()
    assert (caught.value.status, cloud.slept, cloud.order()) == (429, [], ["show"])


def test_the_pauses_grow_and_have_jitter(cloud: Any) -> None:
    cloud.simulator.faults.add("show", Unavailable(), times=None)
    runs = []
    for _ in range(6):
        cloud.slept.clear()
        with pytest.raises(UnreachableError):
            cloud.show(retries=Retries(limit=5, first=0.1, longest=0.8))
        runs.append(tuple(cloud.slept))
        for pause, most in zip(cloud.slept, (0.1, 0.2, 0.4, 0.8, 0.8)):
            assert most / 2 <= pause <= most
        assert len(cloud.slept) == 5
    assert len({run[0] for run in runs}) > 1, "no jitter"


def test_the_whole_is_bounded_in_time(cloud: Any) -> None:
    # The whole response would take minutes.
    cloud.simulator.faults.add("show", Drip(size=1, pause=0.2), times=None)
    for limit in DEADLINES:
        began = time.monotonic()
        with pytest.raises(UnreachableError) as caught:
            cloud.show(timeouts=Timeouts(60.0, 60.0, 60.0, 60.0, total=limit))
        if caught.value.code != "connect_timeout":
            break
    assert caught.value.code == "timeout"
    assert 0.8 * limit < time.monotonic() - began < limit + 30


def test_a_read_that_hangs_is_given_up_and_repeated(cloud: Any) -> None:
    cloud.simulator.faults.add("show", Delay(600.0))
    assert cloud.show(**SOON_GIVEN_UP).status == "RUNNING"
    assert len(cloud.order()) >= 2
    assert set(cloud.order()) == {"show"}


@pytest.mark.parametrize("operation", ["show", "stop"])
@pytest.mark.parametrize("status", [429, 503])
def test_an_attempt_cut_short_does_not_hide_why_it_was_made(
    cloud: Any, monkeypatch: pytest.MonkeyPatch, operation: str, status: int
) -> None:
    clock = Clock()
    for module in (client, transport):
        monkeypatch.setattr(module, "time", clock)
    cloud.simulator.faults.add(operation, Throttle(retry_after=1.0, status=status), times=None)

    async def sleep_too_long(seconds: float) -> None:
        # Not between the looks that tell whether it was taken.
        clock.now += 600.0 if seconds == 1.0 else 0.0

    with pytest.raises(NotebookStopError) as caught:
        getattr(cloud, operation)(sleep=sleep_too_long)
    # It was not taken, and so it may be tried again.
    assert not isinstance(caught.value, OutcomeUnknownError)
    assert caught.value.status == status
    assert cloud.simulator.count(operation) == 1


def test_without_credentials_nobody_is_asked(cloud: Any) -> None:
    with pytest.raises(CredentialsError, match="No credentials found"):
        cloud.show(source=lambda: None)
    with pytest.raises(CredentialsError, match="No credentials found"):
        cloud.stop(source=lambda: None)
    assert cloud.simulator.count() == 0


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(
    st.text(max_size=30)
    | st.builds(
        "Mon, {} {} {} {}:{}:{} {}".format,
        st.integers(-1, 40),
        st.sampled_from(["Jan", "feb", "x"]),
        st.integers(-1, 10**12),
        st.integers(-1, 99),
        st.integers(-1, 99),
        st.integers(-1, 99),
        st.sampled_from(["GMT", "+9999", "-0000", "+99999999999", "EST", ""]),
    )
)
def test_any_date_header_is_a_moment_or_nothing(text: str) -> None:
    assert isinstance(http_date(text), (float, type(None)))
