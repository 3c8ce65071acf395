"""One source after the other: none can stop the next, and how long an answer holds."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import pytest

from jupyter_notebook_stop.errors import CredentialsError
from jupyter_notebook_stop.modelarts.credentials import (
    REFRESH_AFTER,
    REFRESH_BEFORE,
    RETRY_AFTER,
    CredentialChain,
    Credentials,
    Source,
)
from jupyter_notebook_stop.redaction import Secret

from ..waiting import until_true


def keys(name: str, **more: Any) -> Credentials:
    return Credentials(source=name, access_key=Secret(f"ak-{name}"), secret_key=Secret("sk-secret"), **more)


def ask(*sources: Source, timeout: float = 5.0) -> Credentials:
    return answer_of(*sources, timeout=timeout)


def answer_of(*sources: Source, **options: Any) -> Credentials:
    async def main() -> Credentials:
        # Made here, since before Python 3.10 its lock belongs to the loop it was made in.
        return await chain_of(*sources, **options).get()

    return asyncio.run(main())


async def ask_past_one_that_hangs(chain: CredentialChain) -> str:
    """Ask; the source that hangs is soon given up, and the next may take its time."""
    asking = asyncio.ensure_future(chain.get(renew=True))
    await until_true(lambda: chain._hanging)
    chain._timeout = 60.0
    return (await asking).source


def chain_of(*sources: Source, **options: Any) -> CredentialChain:
    return CredentialChain([(f"source {number}", source) for number, source in enumerate(sources)], **options)


ANYTHING: list[BaseException] = [
    ValueError("sk-secret"),
    SystemExit("sk-secret"),
    KeyboardInterrupt(),
    GeneratorExit(),
    StopIteration(),
    asyncio.CancelledError(),
    CredentialsError("Nothing there."),
    RecursionError(),
    OSError(5, "x"),
]


@pytest.mark.parametrize("error", ANYTHING, ids=lambda error: type(error).__name__)
def test_a_source_may_raise_anything(error: BaseException) -> None:
    def bad() -> None:
        raise error

    began = time.monotonic()
    assert ask(bad, lambda: keys("next")).source == "next"
    with pytest.raises(CredentialsError) as caught:
        ask(bad)
    assert "sk-secret" not in str(caught.value)
    assert time.monotonic() - began < 4, "it waited for the time limit"


@pytest.mark.parametrize("answer", ["a text", 5, {"ak": "a"}, Credentials(source="empty")])
def test_what_is_no_credential_does_not_win(answer: Any) -> None:
    assert ask(lambda: answer, lambda: keys("next")).source == "next"
    half = Credentials(source="half", access_key=Secret("a"))
    assert ask(lambda: half, lambda: keys("next")).source == "next"


def test_a_source_that_hangs_is_not_called_again_while_it_does() -> None:
    release = threading.Event()
    calls = []

    def hanging() -> None:
        calls.append(1)
        release.wait(60)

    async def main() -> None:
        # Two sources of one name, as two lambdas are: the one that hangs says nothing of the other.
        chain = CredentialChain([("same", hanging), ("same", lambda: keys("next"))], timeout=0.05)
        for _ in range(3):
            assert await ask_past_one_that_hangs(chain) == "next"
        assert len(calls) == 1
        release.set()
        while len(calls) == 1:
            await asyncio.sleep(0.005)
            await chain.get(renew=True)

    asyncio.run(main())


def test_all_that_hang_are_named() -> None:
    release = threading.Event()

    def hanging() -> None:
        release.wait(10)

    async def main() -> None:
        chain = chain_of(hanging, timeout=0.02)
        for said in ("no response within 0.02 s", "still not responding"):
            with pytest.raises(CredentialsError, match=f"source 0: {said}"):
                await chain.get()
        release.set()

    asyncio.run(main())


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def ages(*steps: tuple[float, int], **more: Any) -> None:
    """Check how often a source has been asked after each pause in seconds."""
    clock = Clock()
    asked = []

    def source() -> Credentials:
        asked.append(clock.now)
        lifetime = more.get("lifetime")
        expiry = {} if lifetime is None else {"expires_at": clock.now + lifetime}
        return keys("x", security_token=more.get("security_token"), **expiry)

    async def main() -> None:
        chain = chain_of(source, clock=clock)
        for pause, count in steps:
            clock.now += pause
            await chain.get()
            assert len(asked) == count, (pause, count)

    asyncio.run(main())


def test_temporary_keys_are_asked_for_again_before_they_expire() -> None:
    ages((0, 1), (3600 - REFRESH_BEFORE - 1, 1), (2, 2), lifetime=3600)


def test_keys_that_live_shorter_than_the_margin_are_used_for_half_of_it() -> None:
    ages((0, 1), (49, 1), (2, 2), lifetime=100)


def test_temporary_keys_without_an_expiry_are_asked_for_again() -> None:
    ages((0, 1), (REFRESH_AFTER - 1, 1), (2, 2), security_token=Secret("token-secret"))


def test_permanent_keys_are_asked_for_once() -> None:
    ages((0, 1), (10**9, 1))


def test_expired_keys_do_not_win() -> None:
    clock = Clock()
    stale = keys("stale", expires_at=clock.now)
    found = answer_of(lambda: stale, lambda: keys("next"), clock=clock)
    assert found.source == "next"
    with pytest.raises(CredentialsError, match="source 0: expired"):
        answer_of(lambda: stale, clock=clock)


def test_keys_are_used_to_their_end_when_there_are_no_new_ones() -> None:
    clock = Clock()
    answers = [keys("x", expires_at=clock.now + 1000)]

    async def main() -> None:
        chain = chain_of(lambda: answers.pop() if answers else None, clock=clock)
        await chain.get()
        clock.now += 999
        assert (await chain.get()).source == "x"
        clock.now += 1
        with pytest.raises(CredentialsError, match="source 0: no credentials"):
            await chain.get()
        assert chain.known is None

    asyncio.run(main())


def test_refused_keys_are_asked_for_again_and_never_used_again() -> None:
    clock = Clock()
    answers = [keys("x", expires_at=clock.now + 1000)]

    async def main() -> None:
        chain = chain_of(lambda: answers.pop() if answers else None, clock=clock)
        found = await chain.get()
        assert chain.known is found
        for renew in (True, False):
            with pytest.raises(CredentialsError, match="source 0: no credentials"):
                await chain.get(renew=renew)
        answers.append(keys("new"))
        assert (await chain.get()).source == "new"
        assert chain.known is not None
        assert chain.known.source == "new"

    asyncio.run(main())


TEMPORARY: Any = {"security_token": Secret("token-secret")}
FAILURES: list[BaseException] = [OSError(5, "x"), CredentialsError("HTTP 500"), SystemExit(), asyncio.TimeoutError()]


class Scripted:
    """A source that does the next thing of a list at each call; the last one for ever."""

    def __init__(self, *answers: Any) -> None:
        self.answers = [*answers]
        self.asked = 0

    def __call__(self) -> Any:
        self.asked += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, BaseException):
            raise answer
        return answer() if callable(answer) else answer


def course(*sources: Source, steps: list[tuple[float, Any]], timeout: float = 5.0, **options: Any) -> None:
    """Check what the chain gives after each pause in seconds: the name of a source, or None for an error."""
    clock = Clock()

    async def main() -> None:
        chain = chain_of(*sources, clock=clock, timeout=timeout)
        for number, (pause, expected) in enumerate(steps):
            clock.now += pause
            try:
                given = (await chain.get(**options)).source
            except CredentialsError:
                given = None
            assert given == expected, f"step {number}"

    asyncio.run(main())


@pytest.mark.parametrize("failure", FAILURES, ids=lambda error: type(error).__name__)
def test_temporary_keys_without_an_expiry_outlive_a_refresh_that_fails(failure: BaseException) -> None:
    source = Scripted(keys("old", **TEMPORARY), failure, failure, keys("new", **TEMPORARY))
    course(source, steps=[(0, "old"), (REFRESH_AFTER + 1, "old"), (RETRY_AFTER + 1, "old"), (RETRY_AFTER + 1, "new")])


def test_a_refresh_that_fails_is_not_repeated_with_every_request() -> None:
    source = Scripted(keys("old", **TEMPORARY), OSError())
    course(source, steps=[(0, "old"), (REFRESH_AFTER + 1, "old"), *[(1, "old")] * 20, (RETRY_AFTER, "old")])
    assert source.asked == 3


@pytest.mark.parametrize("answer", [None, Credentials(source="half", access_key=Secret("a")), keys("x", expires_at=1)])
def test_a_source_that_has_nothing_any_more_is_believed(answer: Any) -> None:
    course(Scripted(keys("old", **TEMPORARY), answer), steps=[(0, "old"), (REFRESH_AFTER + 1, None)])


def test_keys_that_are_refused_are_not_kept() -> None:
    source = Scripted(keys("old", **TEMPORARY), OSError())
    course(source, steps=[(0, "old"), (1, None), (1, None)], renew=True)


def test_keys_are_not_kept_beyond_their_end() -> None:
    clock = Clock()
    source = Scripted(keys("old", expires_at=clock.now + 1000), OSError())
    pauses = [(1000 - REFRESH_BEFORE + 1, "old"), *[(7, "old")] * 42, (4, "old"), (2, None)]
    course(source, steps=[(0, "old"), *pauses])
    assert source.asked < 25


@pytest.mark.parametrize("failure", FAILURES, ids=lambda error: type(error).__name__)
def test_keys_of_a_source_that_fails_are_not_replaced_by_those_of_a_lower_one(failure: BaseException) -> None:
    lower = Scripted(keys("lower"))
    course(Scripted(keys("old", **TEMPORARY), failure), lower, steps=[(0, "old"), (REFRESH_AFTER + 1, "old")])
    assert lower.asked == 0


@pytest.mark.parametrize("failure", FAILURES, ids=lambda error: type(error).__name__)
def test_a_source_that_failed_once_gets_its_place_back(failure: BaseException) -> None:
    preferred, lower = Scripted(failure, failure, keys("preferred")), Scripted(keys("lower"))
    pauses = [(REFRESH_AFTER - 1, "lower"), (2, "lower"), (REFRESH_AFTER + 1, "preferred"), (10**9, "preferred")]
    course(lambda: None, preferred, lower, steps=[(0, "lower"), *pauses])
    assert (preferred.asked, lower.asked) == (3, 2)


def test_a_source_that_has_nothing_is_not_asked_again_for_permanent_keys() -> None:
    preferred = Scripted(None, keys("preferred"))
    course(preferred, lambda: keys("lower"), steps=[(0, "lower"), (10**9, "lower")])


def test_a_source_that_was_slow_once_gets_its_place_back_and_is_never_asked_twice_at_once() -> None:
    release, running, most = threading.Event(), [0], [0]

    def slow() -> Credentials:
        running[0] += 1
        most[0] = max(most[0], running[0])
        release.wait(60)
        running[0] -= 1
        return keys("slow")

    async def main() -> None:
        clock = Clock()
        chain = chain_of(slow, lambda: keys("lower"), clock=clock, timeout=0.05)
        assert await ask_past_one_that_hangs(chain) == "lower"
        for _ in range(4):
            clock.now += REFRESH_AFTER + 1
            assert (await chain.get()).source == "lower"
        clock.now += REFRESH_AFTER + 1
        release.set()
        await until_true(lambda: not chain._hanging)
        assert (await chain.get()).source == "slow"
        assert most == [1]

    asyncio.run(main())


def test_concurrent_callers_ask_once() -> None:
    asked = []

    def source() -> Credentials:
        asked.append(1)
        time.sleep(0.02)
        return keys("x")

    async def main() -> None:
        chain = chain_of(source)
        assert len({id(found) for found in await asyncio.gather(*(chain.get() for _ in range(20)))}) == 1

    asyncio.run(main())
    assert len(asked) == 1
