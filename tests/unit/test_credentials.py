"""Where credentials come from: each source, their order, and how long an answer holds."""

from __future__ import annotations

import asyncio
import pathlib
import sys
import threading
import time
from typing import Any, Callable, Iterator

import pytest

from jupyter_notebook_stop import platform_session
from jupyter_notebook_stop.config import BUILTIN_SOURCES, NotebookStop
from jupyter_notebook_stop.credentials import (
    REFRESH_AFTER,
    REFRESH_BEFORE,
    CredentialChain,
    Credentials,
    Source,
    builtin_sources,
)
from jupyter_notebook_stop.errors import CredentialsError
from jupyter_notebook_stop.instance import ThisInstance
from jupyter_notebook_stop.redaction import Secret

SECRETS = ("sk-secret", "token-secret", "auth-secret")
ENVIRONMENT = {
    "HUAWEICLOUD_SDK_AK": "ak-environment",
    "HUAWEICLOUD_SDK_SK": "sk-secret",
    "HUAWEICLOUD_SDK_SECURITY_TOKEN": "token-secret",
    "HUAWEICLOUD_SDK_PROJECT_ID": "project-environment",
}
SESSION = """
class Session:
    access_key, secret_key, security_token = "ak-session", "sk-secret", "token-secret"
    project_id, region_name = "project-session", "cn-north-4"
"""


def key(found: Credentials) -> str:
    assert found.access_key
    return found.access_key.reveal()


def keys(name: str, **more: Any) -> Credentials:
    return Credentials(source=name, access_key=Secret(f"ak-{name}"), secret_key=Secret("sk-secret"), **more)


def ask(*sources: Source, timeout: float = 5.0) -> Credentials:
    return asyncio.run(chain_of(*sources, timeout=timeout).get())


def chain_of(*sources: Source, **options: Any) -> CredentialChain:
    return CredentialChain([(f"source {number}", source) for number, source in enumerate(sources)], **options)


@pytest.fixture
def profile(tmp_path: pathlib.Path) -> pathlib.Path:
    path = tmp_path / "home" / ".huaweicloud" / "credentials"
    path.parent.mkdir()
    path.write_text(
        "[basic]\nak = ak-profile\nsk = sk-secret\nsecurity_token = token-secret\nproject_id = project-profile\n",
        encoding="utf-8",
    )
    return path


@pytest.fixture
def session(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Return a function that puts a stand-in of the platform's SDK on the path."""

    def put(code: str, folder: str = "sdk") -> None:
        package = tmp_path / folder / "modelarts"
        package.mkdir(parents=True)
        (package / "__init__.py").write_text("", encoding="utf-8")
        (package / "session.py").write_text(code, encoding="utf-8")
        monkeypatch.syspath_prepend(str(package.parent))

    def forget() -> None:
        for name in ("modelarts", "modelarts.session"):
            sys.modules.pop(name, None)

    forget()
    yield put
    forget()


def test_the_order_of_the_sources(profile: pathlib.Path, session: Callable[[str], None]) -> None:
    session(SESSION)
    environ = {**ENVIRONMENT, "MODELARTS_AUTH_TOKEN": "auth-secret"}
    sources = builtin_sources(Secret("auth-secret"), environ)
    assert list(sources) == BUILTIN_SOURCES == ["auth_token", "environment", "profile", "session", "pod_identity"]
    expected = {
        "auth_token": "c.NotebookStop.auth_token",
        "environment": "environment variables HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK",
        "profile": f"profile file {profile}",
        "session": "the platform's SDK session",
    }
    for first, (name, source) in enumerate(expected.items()):
        found = asyncio.run(CredentialChain(list(sources.items())[first:]).get())
        assert found.source == source, name
        assert not any(secret in repr(found) + str(found) + source for secret in SECRETS)
        assert set(found.secrets()) >= {"auth-secret"} if name == "auth_token" else {"sk-secret", "token-secret"}


def test_every_part_of_each_source(profile: pathlib.Path, session: Callable[[str], None]) -> None:
    session(SESSION)
    sources = builtin_sources(None, ENVIRONMENT)
    for name in ("environment", "profile", "session"):
        found = sources[name]()
        assert found is not None
        assert key(found) == f"ak-{name}"
        assert found.secrets() == (f"ak-{name}", "sk-secret", "token-secret")
        assert found.project_id == f"project-{name}"
        assert found.auth_token is None
        assert found.region == ("cn-north-4" if name == "session" else None)


def test_the_token_of_the_environment() -> None:
    found = builtin_sources(None, {"MODELARTS_AUTH_TOKEN": " auth-secret\n"})["auth_token"]()
    assert found is not None
    assert (found.source, found.secrets()) == ("environment variable MODELARTS_AUTH_TOKEN", ("auth-secret",))


def test_sources_that_have_nothing_say_so() -> None:
    sources = builtin_sources(Secret(""), {})
    assert [source() for source in sources.values()] == [None] * 5
    with pytest.raises(CredentialsError) as caught:
        asyncio.run(CredentialChain(list(sources.items())).get())
    assert caught.value.message == (
        "No credentials found. Asked in this order: auth_token: nothing; environment: nothing; profile: nothing;"
        " session: nothing; pod_identity: nothing."
    )
    assert "HUAWEICLOUD_SDK_AK" in str(caught.value.remedy)
    with pytest.raises(CredentialsError, match="no sources configured"):
        asyncio.run(CredentialChain([]).get())


@pytest.mark.parametrize(
    ("left_out", "missing"), [("HUAWEICLOUD_SDK_AK", "access key"), ("HUAWEICLOUD_SDK_SK", "secret key")]
)
def test_half_a_pair_is_told_and_does_not_stop_the_next(left_out: str, missing: str) -> None:
    environ = {name: value for name, value in ENVIRONMENT.items() if name != left_out}
    half = builtin_sources(None, environ)["environment"]
    assert ask(half, lambda: keys("next")).source == "next"
    with pytest.raises(CredentialsError, match=f"the {missing} is missing") as caught:
        ask(half)
    assert not any(secret in str(caught.value) for secret in SECRETS)


def test_a_profile_file_of_another_name(profile: pathlib.Path, tmp_path: pathlib.Path) -> None:
    other = tmp_path / "other"
    other.write_text("[basic]\nak = ak-other\nsk = 100%sure\n", encoding="utf-8")
    found = builtin_sources(None, {"HUAWEICLOUD_SDK_CREDENTIALS_FILE": str(other)})["profile"]()
    assert found is not None
    assert (key(found), found.secrets()) == ("ak-other", ("ak-other", "100%sure"))
    assert str(other) in found.source


@pytest.mark.parametrize(
    ("content", "finds"),
    [
        (b"", "nothing"),
        (b"[other]\nak=a\nsk=sk-secret\n", "nothing"),
        (b"[basic]\n", "nothing"),
        (b"[basic]\nak=a\n", "the secret key is missing"),
        (b"ak=a\nsk=sk-secret\n", "MissingSectionHeaderError"),
        (b"[basic]\nsk-secret\n", "ParsingError"),
        (b"[basic]\nsk=sk-secret\nsk=sk-secret\n", "DuplicateOptionError"),
        (b"[basic]\nsk=sk-secret\xff\n", "UnicodeDecodeError"),
    ],
)
def test_a_broken_profile_file(profile: pathlib.Path, content: bytes, finds: str) -> None:
    profile.write_bytes(content)
    source = builtin_sources(None, {})["profile"]
    with pytest.raises(CredentialsError, match=finds) as caught:
        ask(source)
    assert "sk-secret" not in str(caught.value)
    assert ask(source, lambda: keys("next")).source == "next"


def test_a_profile_that_is_a_folder(tmp_path: pathlib.Path) -> None:
    source = builtin_sources(None, {"HUAWEICLOUD_SDK_CREDENTIALS_FILE": str(tmp_path)})["profile"]
    with pytest.raises(CredentialsError, match="can't be read"):
        ask(source)


@pytest.mark.parametrize(
    "code",
    [
        "import a_module_that_is_nowhere",
        "raise SystemExit(3)",
        "class Session:\n    def __init__(self): raise KeyboardInterrupt",
        "class Session:\n    def __init__(self): raise ValueError('sk-secret')",
        "x = 1",
        "syntax error",
        "class Session:\n    access_key, secret_key = None, ''",
        "class Session:\n    access_key, secret_key = 5, []",
        "class Session: pass",
    ],
)
def test_a_platform_sdk_that_fails(session: Callable[[str], None], code: str) -> None:
    session(code)
    source = builtin_sources(None, {})["session"]
    assert ask(source, lambda: keys("next")).source == "next"
    with pytest.raises(CredentialsError) as caught:
        ask(source)
    assert "sk-secret" not in str(caught.value)


def test_the_platform_s_own_folders_are_looked_in(
    session: Callable[..., None], tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session(SESSION, "platform")
    place = str(tmp_path / "platform")
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry != place])
    assert builtin_sources(None, {})["session"]() is None
    monkeypatch.setattr(platform_session, "LOCATIONS", (str(tmp_path / "absent"), place))
    found = builtin_sources(None, {})["session"]()
    assert found is not None
    assert key(found) == "ak-session"
    assert sys.path[-1] == place, "it must not shadow other modules"


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
        release.wait(10)

    async def main() -> None:
        # Two sources of one name, as two lambdas are: the one that hangs says nothing of the other.
        chain = CredentialChain([("same", hanging), ("same", lambda: keys("next"))], timeout=0.05)
        for _ in range(3):
            assert (await chain.get()).source == "next"
            chain.forget()
        assert len(calls) == 1
        release.set()
        while len(calls) == 1:
            chain.forget()
            await asyncio.sleep(0.005)
            await chain.get()

    asyncio.run(main())


def test_all_that_hang_are_named() -> None:
    release = threading.Event()

    def hanging() -> None:
        release.wait(10)

    async def main() -> None:
        chain = chain_of(hanging, timeout=0.02)
        for said in ("no answer within 0.02 s", "still hangs"):
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
    found = asyncio.run(chain_of(lambda: stale, lambda: keys("next"), clock=clock).get())
    assert found.source == "next"
    with pytest.raises(CredentialsError, match="source 0: expired"):
        asyncio.run(chain_of(lambda: stale, clock=clock).get())


def test_keys_are_used_to_their_end_when_there_are_no_new_ones() -> None:
    clock = Clock()
    answers = [keys("x", expires_at=clock.now + 1000)]

    async def main() -> None:
        chain = chain_of(lambda: answers.pop() if answers else None, clock=clock)
        await chain.get()
        clock.now += 999
        assert (await chain.get()).source == "x"
        clock.now += 1
        with pytest.raises(CredentialsError, match="nothing"):
            await chain.get()
        assert chain.known is None

    asyncio.run(main())


def test_refused_keys_are_asked_for_again_and_never_used_again() -> None:
    clock = Clock()
    answers = [keys("x", expires_at=clock.now + 1000)]

    async def main() -> None:
        chain = chain_of(lambda: answers.pop() if answers else None, clock=clock)
        found = await chain.get()
        chain.forget()
        assert chain.known is found, "an error must be able to name the source of what was refused"
        with pytest.raises(CredentialsError, match="nothing"):
            await chain.get()
        answers.append(keys("new"))
        assert (await chain.get()).source == "new"
        assert chain.known is not None
        assert chain.known.source == "new"

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


SITE = """
from jupyter_notebook_stop.credentials import Credentials
from jupyter_notebook_stop.redaction import Secret

def source():
    return Credentials(source="the site's vault", auth_token=Secret("auth-secret"))

def broken():
    raise RuntimeError("sk-secret")
"""


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        (["site_vault.source"], "the site's vault"),
        (["site_vault.broken", "site_vault.source"], "the site's vault"),
        (["site_vault.absent", "nowhere.at.all", "nodots", "site_vault.source"], "the site's vault"),
        ([lambda: keys("a callable")], "a callable"),
        (["environment", "site_vault.source"], "environment variables HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK"),
        (["site_vault.source", "environment"], "the site's vault"),
    ],
)
def test_a_site_s_own_sources(
    entries: list[Any], expected: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "site_vault.py").write_text(SITE, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    instance = ThisInstance(NotebookStop(credential_sources=entries), environ=ENVIRONMENT, hostname="x")
    assert asyncio.run(instance._make_chain().get()).source == expected
    sys.modules.pop("site_vault", None)
