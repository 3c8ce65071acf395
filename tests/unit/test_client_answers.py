"""What the client makes of the responses of the service: which instance they describe, and what its errors name."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from jupyter_notebook_stop.errors import (
    CloudError,
    CredentialsError,
    OutcomeUnknownError,
    PermissionDeniedError,
    StopFailedError,
    UnreachableError,
)
from jupyter_notebook_stop.modelarts import client as client_module
from jupyter_notebook_stop.modelarts.client import NotebooksClient
from jupyter_notebook_stop.modelarts.credentials import Credentials
from jupyter_notebook_stop.modelarts.retries import Retries
from jupyter_notebook_stop.modelarts.time_headers import MAX_CLOCK_SKEW
from jupyter_notebook_stop.modelarts.transport import Timeouts
from jupyter_notebook_stop.redaction import Secret
from jupyter_notebook_stop.simulator import Answer, Html, Refuse, Reset, SkewedDate, Unavailable

from ..held import Held
from ..waiting import until_true

OTHER = "00000000-51d0-4000-8000-000000000001"


class TestUnusable:
    """Responses that describe no notebook instance, or another one."""

    def test_its_kind_is_named(self, cloud: Any) -> None:
        cloud.simulator.faults.add(
            "show", Answer(body="<html>", content_type="text/html", headers={"X-Request-Id": "r-17"})
        )
        with pytest.raises(CloudError) as caught:
            cloud.show()
        error = caught.value
        assert error.message == (
            f"{cloud.simulator.endpoint} returned HTTP 200 with something other than a notebook instance (text/html)."
        )
        assert (error.code, error.status, error.request_id) == ("bad_answer", 200, "r-17")
        assert "login page" in str(error.remedy)

    def test_what_is_quoted_is_short_and_holds_no_secret(self, cloud: Any) -> None:
        kind = f"text/{'x' * 100}"
        headers = {"X-Request-Id": f"r {cloud.simulator.secret_key}"}
        cloud.simulator.faults.add("show", Answer(body="?", content_type=kind, headers=headers))
        with pytest.raises(CloudError) as caught:
            cloud.show()
        assert f"({'text/' + 'x' * 55})" in caught.value.message
        assert cloud.simulator.secret_key not in f"{caught.value} {vars(caught.value)}"

    def test_without_a_content_type(self, cloud: Any) -> None:
        cloud.simulator.faults.add("show", Answer(body="?", content_type=""))
        with pytest.raises(CloudError, match=r"\(no content type\)") as caught:
            cloud.show()
        assert caught.value.__suppress_context__

    @pytest.mark.parametrize(
        ("body", "what"),
        [
            ("{}", "something other than a notebook instance"),
            (json.dumps({"id": OTHER, "status": "RUNNING"}), "another notebook instance"),
            (json.dumps({"id": OTHER}), "another notebook instance"),
        ],
    )
    def test_a_read_that_describes_another_instance_or_none(self, cloud: Any, body: str, what: str) -> None:
        cloud.simulator.faults.add("show", Answer(body=body))
        with pytest.raises(CloudError, match=what) as caught:
            cloud.show()
        assert caught.value.code == "bad_answer"

    @pytest.mark.parametrize("part", [{"status": "RUNNING"}, {"id": "the instance's"}])
    def test_half_a_description_of_this_instance_is_enough_to_read(self, cloud: Any, part: dict[str, str]) -> None:
        if "id" in part:
            part = {"id": cloud.simulator.instance_id.upper()}
        cloud.simulator.faults.add("show", Answer(body=json.dumps(part)))
        assert cloud.show().status == part.get("status")


class TestAccepted:
    """A 2xx to a stop."""

    def test_a_body_of_white_space_is_none(self, cloud: Any) -> None:
        cloud.simulator.faults.add("stop", Answer(body=" \n", content_type="application/json"))
        cloud.simulator.settings.deny("show")
        notebook = cloud.stop()
        assert (notebook.id, notebook.status) == (cloud.simulator.instance_id, "STOPPING")

    def test_a_status_without_an_id_is_believed(self, cloud: Any) -> None:
        cloud.simulator.faults.add("stop", Answer(body='{"status": "STOPPING"}'))
        assert cloud.stop().status == "STOPPING"
        assert cloud.order() == ["stop"]

    def test_an_id_without_a_status_says_nothing(self, cloud: Any) -> None:
        cloud.simulator.faults.add("stop", Answer(body=json.dumps({"id": cloud.simulator.instance_id})))
        with pytest.raises(OutcomeUnknownError, match="with an instance without status"):
            cloud.stop()
        assert cloud.order() == ["stop", "show", "show", "show"]


class TestDoubt:
    """A stop whose response is lost or strange."""

    def test_the_instance_is_read_three_times_with_a_pause_between(self, cloud: Any) -> None:
        cloud.simulator.faults.add("stop", Html(status=502))
        with pytest.raises(OutcomeUnknownError):
            cloud.stop(retries=Retries(limit=3, first=0.01, longest=0.05, settle=0.07))
        assert cloud.order() == ["stop", "show", "show", "show"]
        assert cloud.slept == [0.07, 0.07]

    @pytest.mark.parametrize("status", ["STOPPING", "STOPPED"])
    def test_a_stop_that_shows_at_the_second_look_was_taken(self, cloud: Any, status: str) -> None:
        cloud.simulator.faults.add("stop", Html(status=502))
        running, stopping = (
            Answer(body=json.dumps({"id": cloud.simulator.instance_id, "status": each})) for each in ("RUNNING", status)
        )
        cloud.simulator.faults.add("show", running)
        cloud.simulator.faults.add("show", stopping)
        assert cloud.stop().status == status
        assert cloud.order() == ["stop", "show", "show"]

    def test_its_error_names_what_came_of_the_request(self, cloud: Any) -> None:
        cloud.simulator.faults.add("stop", Unavailable(status=500, code="ModelArts.6101"))
        with pytest.raises(OutcomeUnknownError) as caught:
            cloud.stop()
        assert caught.value.status == 500
        assert caught.value.request_id

    def test_its_error_names_why_the_instance_could_not_be_read(self, cloud: Any) -> None:
        cloud.simulator.faults.add("stop", Unavailable(status=500, code="ModelArts.6101"))
        cloud.simulator.settings.deny("show")
        with pytest.raises(OutcomeUnknownError, match="Reading the instance failed too: ") as caught:
            cloud.stop()
        assert caught.value.status == 500
        assert caught.value.request_id
        assert caught.value.__suppress_context__

    def test_an_instance_without_a_state_is_no_running_one(self, cloud: Any) -> None:
        cloud.simulator.faults.add("stop", Html(status=502))
        cloud.simulator.faults.add("show", Answer(body=json.dumps({"id": cloud.simulator.instance_id})))
        with pytest.raises(StopFailedError, match="the instance is in an unknown state now") as caught:
            cloud.stop()
        assert caught.value.remedy == OutcomeUnknownError.default_remedy

    def test_what_was_not_sent_and_will_not_be_is_not_repeated(self, cloud: Any) -> None:
        asked: list[httpx.Request] = []

        def refuse(request: httpx.Request) -> httpx.Response:
            asked.append(request)
            raise httpx.ProxyError("403 Forbidden")

        async def main(client: NotebooksClient) -> None:
            client._transport._http._transport = httpx.MockTransport(refuse)
            for act in (client.stop, client.show):
                with pytest.raises(UnreachableError) as caught:
                    await act(cloud.simulator.instance_id)
                assert caught.value.code == "proxy"

        cloud.run(main)
        assert len(asked) == 2

    def test_credentials_that_were_refused_are_no_stop(self, cloud: Any) -> None:
        cloud.simulator.faults.add("stop", Refuse(401, "ModelArts.6357"))
        with pytest.raises(CredentialsError):
            cloud.stop()
        assert cloud.order() == ["stop"]

    def test_a_lost_answer_that_cannot_be_repeated_is_looked_after(self, cloud: Any) -> None:
        cloud.simulator.faults.add("stop", Reset())
        with pytest.raises(OutcomeUnknownError):
            cloud.stop()
        assert cloud.order() == ["stop", "show", "show", "show"]


class TestPauses:
    """How long is waited before a request is repeated, and when no more."""

    def repeated(self, cloud: Any, jitter: float, monkeypatch: pytest.MonkeyPatch, **options: Any) -> list[float]:
        bounds: list[tuple[float, float]] = []

        def uniform(low: float, high: float) -> float:
            bounds.append((low, high))
            return jitter

        monkeypatch.setattr(client_module.random, "uniform", uniform)  # type: ignore[attr-defined]
        cloud.simulator.faults.add("show", Unavailable(), times=None)
        with pytest.raises(UnreachableError):
            cloud.show(**options)
        assert set(bounds) == {(0.5, 1.0)}
        slept: list[float] = cloud.slept
        return slept

    def test_they_double_up_to_the_longest(self, cloud: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        retries = Retries(limit=4, first=0.25, longest=1.0)
        assert self.repeated(cloud, 0.5, monkeypatch, retries=retries) == [0.125, 0.25, 0.5, 0.5]
        assert cloud.simulator.count() == 5

    def test_none_outlasts_the_operation(self, cloud: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        retries = Retries(limit=4, first=60.0, longest=60.0)
        timeouts = Timeouts(total=20.0)
        assert self.repeated(cloud, 1.0, monkeypatch, retries=retries, timeouts=timeouts) == []
        assert cloud.simulator.count() == 1


class TestErrors:
    """What an error of the service names."""

    def test_where_things_came_from(self, cloud: Any) -> None:
        cloud.simulator.settings.deny("show")
        with pytest.raises(PermissionDeniedError, match="project: a variable, credentials: the test's keys"):
            cloud.show(context={"project": "a variable"})

    @pytest.mark.parametrize("skew", [MAX_CLOCK_SKEW + 60.0, -MAX_CLOCK_SKEW - 60.0])
    @pytest.mark.parametrize(("status", "token"), [(401, False), (401, True), (403, False)])
    def test_the_clock_is_blamed_for_signatures_alone(self, cloud: Any, skew: float, status: int, token: bool) -> None:
        def source() -> Credentials:
            return Credentials(source="a token", auth_token=Secret("simulated-token")) if token else cloud.keys()

        code = "APIGW.0301" if status == 401 else "ModelArts.0112"
        cloud.simulator.faults.add("show", [Refuse(status, code), SkewedDate(skew)])
        with pytest.raises((CredentialsError, PermissionDeniedError)) as caught:
            cloud.show(source=source)
        assert (caught.value.code == "clock_skew") == (status == 401 and not token)

    def test_while_credentials_wait_the_whole_refusal_is_told_again(self, cloud: Any) -> None:
        cloud.simulator.faults.add("show", Refuse(401, "APIGW.0301", "Incorrect IAM authentication information."))

        async def main(client: NotebooksClient) -> None:
            told = []
            for _ in range(2):
                with pytest.raises(CredentialsError) as caught:
                    await client.show(cloud.simulator.instance_id)
                told.append(caught.value)
            assert told[0] is told[1]
            assert told[0].code == "APIGW.0301"
            assert "credentials: the test's keys" in told[0].message

        cloud.run(main)
        assert cloud.order() == ["show"]

    def test_after_another_refusal_they_do_not_wait(self, cloud: Any) -> None:
        cloud.simulator.faults.add("show", Refuse(403, "ModelArts.0112"))

        async def main(client: NotebooksClient) -> None:
            with pytest.raises(PermissionDeniedError):
                await client.show(cloud.simulator.instance_id)
            assert (await client.show(cloud.simulator.instance_id)).status == "RUNNING"

        cloud.run(main)


class TestSent:
    """Whether the request of a stop that is under way may have left."""

    def test_while_it_is_under_way(self, cloud: Any) -> None:
        held = Held()
        cloud.simulator.faults.add("stop", held)

        async def main(client: NotebooksClient) -> None:
            assert not client.stop_sent
            stopping = asyncio.ensure_future(client.stop(cloud.simulator.instance_id))
            await until_true(lambda: cloud.simulator.count("stop") == 1)
            assert client.stop_sent
            held.released.set()
            await stopping
            assert not client.stop_sent

        cloud.run(main)

    def test_not_before_its_first_step(self, cloud: Any) -> None:
        async def main(client: NotebooksClient) -> None:
            steps = {name: asyncio.Event() for name in ("connect", "connecting", "send", "sending")}

            async def handle(request: httpx.Request) -> httpx.Response:
                trace = request.extensions["trace"]
                await trace("connection.connect_tcp.started", {"request": request})
                steps["connecting"].set()
                await steps["connect"].wait()
                await trace("http11.send_request_headers.started", {"request": SimpleNamespace(method=b"POST")})
                steps["sending"].set()
                await steps["send"].wait()
                return httpx.Response(200, stream=httpx.ByteStream(b'{"status": "STOPPING"}'))

            client._transport._http._transport = httpx.MockTransport(handle)
            stopping = asyncio.ensure_future(client.stop(cloud.simulator.instance_id))
            await steps["connecting"].wait()
            assert not client.stop_sent
            steps["connect"].set()
            await steps["sending"].wait()
            assert client.stop_sent
            steps["send"].set()
            assert (await stopping).status == "STOPPING"

        cloud.run(main)

    def test_a_read_is_no_stop(self, cloud: Any) -> None:
        held = Held()
        cloud.simulator.faults.add("show", held)

        async def main(client: NotebooksClient) -> None:
            reading = asyncio.ensure_future(client.show(cloud.simulator.instance_id))
            await until_true(lambda: cloud.simulator.count("show") == 1)
            assert not client.stop_sent
            held.released.set()
            await reading

        cloud.run(main)


class TestLease:
    """The platform's automatic stop is put off."""

    def renew(self, cloud: Any, kind: str = "TIMING") -> None:
        cloud.run(lambda client: client.renew_lease(cloud.simulator.instance_id, 7_200_000, kind))

    @pytest.mark.parametrize("kind", ["TIMING", "IDLE"])
    def test_what_is_sent(self, cloud: Any, kind: str) -> None:
        self.renew(cloud, kind)
        [request] = cloud.simulator.requests
        assert (request.method, request.status) == ("PATCH", 200)
        assert request.path == f"/v1/{cloud.simulator.project_id}/notebooks/{cloud.simulator.instance_id}/lease"
        assert json.loads(request.body) == {"duration": 7_200_000, "type": kind}

    def test_without_the_permission_it_says_which_one(self, cloud: Any) -> None:
        cloud.simulator.settings.deny("renew_lease")
        with pytest.raises(PermissionDeniedError) as caught:
            self.renew(cloud)
        assert "modelarts:notebook:updateStopPolicy" in str(caught.value.remedy)

    def test_another_error_keeps_its_remedy(self, cloud: Any) -> None:
        cloud.simulator.faults.add("renew_lease", Unavailable(status=500, code="ModelArts.6101"))
        with pytest.raises(UnreachableError) as caught:
            self.renew(cloud)
        assert caught.value.remedy
        assert "updateStopPolicy" not in caught.value.remedy
        assert cloud.simulator.count() == 1
