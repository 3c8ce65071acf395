"""The instance is read: once for all who ask, and with credentials that are refused not again and again."""

from __future__ import annotations

import asyncio
import itertools
import pathlib
from typing import Any

import pytest

from jupyter_notebook_stop.errors import (
    CredentialsError,
    NotebookStopError,
)
from jupyter_notebook_stop.modelarts import auth
from jupyter_notebook_stop.modelarts.credentials import Credentials
from jupyter_notebook_stop.policy.instance import ThisInstance
from jupyter_notebook_stop.redaction import Secret
from jupyter_notebook_stop.schema import Attempt
from jupyter_notebook_stop.simulator import Delay, Refuse

from ..waiting import until_true
from .conftest import Clock


def test_concurrent_reads_are_one(simulator: Any, inside: Any) -> None:
    simulator.faults.add("show", Delay(0.05))

    async def main(instance: ThisInstance) -> None:
        answers = await asyncio.gather(*(instance.show() for _ in range(50)))
        assert len({id(answer) for answer in answers}) == 1
        assert simulator.count() == 1
        assert await instance.show(max_age=60.0) is answers[0]
        assert simulator.count() == 1
        assert await instance.show() is not answers[0]
        assert simulator.count() == 2

    inside.run(main)


def test_one_reader_may_go_away(simulator: Any, inside: Any) -> None:
    simulator.faults.add("show", Delay(0.05))

    async def main(instance: ThisInstance) -> None:
        readers = [asyncio.ensure_future(instance.show()) for _ in range(2)]
        await until_true(lambda: simulator.count() == 1)
        readers[0].cancel()
        assert (await readers[1]).status == "RUNNING"

    inside.run(main)
    assert simulator.count() == 1


def test_a_401_is_remembered_for_reads(simulator: Any, inside: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(auth, "time", clock)
    simulator.faults.add("show", Refuse(401, "APIGW.0301"), times=None)

    async def main(instance: ThisInstance) -> None:
        # An hour of a page that asks every five seconds: a key is locked after more than five in a row.
        for _ in range(720):
            with pytest.raises(CredentialsError) as caught:
                await instance.show()
            assert caught.value.status == 401
            clock.now += 5.0
        assert 1 < simulator.count("show") <= 5
        # Who asks for a stop is heard all the same, and success ends it.
        simulator.faults.clear()
        await instance.stop(Attempt())
        assert (await instance.show()).status in ("STOPPING", "STOPPED")

    inside.run(main)


def test_other_credentials_are_tried_at_once(
    simulator: Any,
    inside: Any,
    environment: dict[str, str],
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(auth, "LOOK_FOR_RENEWAL", 0.0)
    profile = tmp_path / "credentials"
    names = {"ak": "HUAWEICLOUD_SDK_AK", "sk": "HUAWEICLOUD_SDK_SK", "security_token": "HUAWEICLOUD_SDK_SECURITY_TOKEN"}
    good = {name: environment[variable] for name, variable in names.items()}
    given = {name: value for name, value in environment.items() if name not in names.values()}
    given["HUAWEICLOUD_SDK_CREDENTIALS_FILE"] = str(profile)

    def write(**other: str) -> None:
        lines = [f"{name} = {value}" for name, value in {**good, **other}.items()]
        profile.write_text("\n".join(["[basic]", *lines]), encoding="utf-8")

    async def main(instance: ThisInstance) -> None:
        for _ in range(3):
            with pytest.raises(CredentialsError):
                await instance.show()
        assert simulator.count() == 1
        write()
        assert (await instance.show()).status == "RUNNING"

    write(sk="wrong")
    inside.run(main, environment=given)
    assert [request.status for request in simulator.requests] == [401, 200]


def test_credentials_that_are_made_anew_each_time_cost_no_more(
    simulator: Any, inside: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr(auth, "time", clock)
    made = itertools.count()

    def source() -> Credentials:
        number = next(made)
        keys = Secret("AK"), Secret("SK") if number < 500 else Secret(f"SK{number}")
        return Credentials(source="s", access_key=keys[0], secret_key=keys[1], expires_at=2e9 + number)

    async def main(instance: ThisInstance) -> None:
        for _ in range(300):
            with pytest.raises(CredentialsError):
                await instance.show()
            clock.now += 1.0
        assert simulator.count("show") <= 4, "the same keys were tried again and again"
        for _ in range(500):
            with pytest.raises(CredentialsError):
                await instance.show()
            clock.now += 1.0

    inside.run(main, credential_sources=[source])


def test_who_asks_at_once_shares_one_401(simulator: Any, inside: Any) -> None:
    simulator.keys.revoke(simulator.access_key)

    async def main(instance: ThisInstance) -> None:
        asked = [instance.show(), instance.stop(Attempt()), instance.show(), instance.stop(Attempt())]
        found = await asyncio.gather(*asked, return_exceptions=True)
        assert all(isinstance(error, CredentialsError) for error in found)

    inside.run(main)
    assert [request.status for request in simulator.requests] == [401]


def test_other_failures_are_not_remembered(simulator: Any, inside: Any) -> None:
    simulator.faults.add("show", Refuse(403, "ModelArts.0112"), times=2)

    async def main(instance: ThisInstance) -> None:
        for _ in range(2):
            with pytest.raises(NotebookStopError):
                await instance.show()
        assert (await instance.show()).status == "RUNNING"

    inside.run(main)
    assert simulator.count("show") == 3
