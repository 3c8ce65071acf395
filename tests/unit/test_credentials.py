"""Where credentials come from: each source, their order, and how long an answer holds."""

from __future__ import annotations

import asyncio
import pathlib
import sys
from typing import Any, Callable, Dict, Iterator, List, Sequence, Tuple

import pytest

from jupyter_notebook_stop.config import BUILTIN_SOURCES, NotebookStop
from jupyter_notebook_stop.errors import CredentialsError
from jupyter_notebook_stop.modelarts import platform_sdk as platform_session
from jupyter_notebook_stop.modelarts.connection import Connection
from jupyter_notebook_stop.modelarts.credential_sources import builtin_sources
from jupyter_notebook_stop.modelarts.credentials import CredentialChain, Credentials, Source
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


def ask(*sources: Source) -> Credentials:
    return ask_named([(f"source {number}", source) for number, source in enumerate(sources)])


def ask_named(sources: Sequence[Tuple[str, Source]]) -> Credentials:
    async def main() -> Credentials:
        # Made here, since before Python 3.10 its lock belongs to the loop it was made in.
        return await CredentialChain(sources).get()

    return asyncio.run(main())


def ask_site(entries: List[Any], environ: Dict[str, str]) -> Credentials:
    async def main() -> Credentials:
        connection = Connection(NotebookStop(credential_sources=entries), environ=environ, hostname="x")
        return await connection._make_chain().get()

    return asyncio.run(main())


@pytest.fixture
def profile(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))
    path = tmp_path / ".huaweicloud" / "credentials"
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
        found = ask_named(list(sources.items())[first:])
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
        ask_named(list(sources.items()))
    assert caught.value.message == (
        "No credentials found. Sources in order: auth_token: no credentials; environment: no credentials;"
        " profile: no credentials; session: no credentials; pod_identity: no credentials."
    )
    assert "HUAWEICLOUD_SDK_AK" in str(caught.value.remedy)
    with pytest.raises(CredentialsError, match="none configured"):
        ask_named([])


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
        (b"", "no credentials"),
        (b"[other]\nak=a\nsk=sk-secret\n", "no credentials"),
        (b"[basic]\n", "no credentials"),
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
    with pytest.raises(CredentialsError, match="cannot be read"):
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


SITE = """
from jupyter_notebook_stop.modelarts.credentials import Credentials
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
        ([lambda: keys("a-callable")], "a-callable"),
        (["environment", "site_vault.source"], "environment variables HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK"),
        (["site_vault.source", "environment"], "the site's vault"),
    ],
)
def test_a_site_s_own_sources(
    entries: list[Any], expected: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "site_vault.py").write_text(SITE, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert ask_site(entries, ENVIRONMENT).source == expected
    sys.modules.pop("site_vault", None)


@pytest.mark.parametrize("entry", ["nowhere.at.all", "json.no_such_name"])
def test_a_site_s_source_that_is_not_there_is_named(entry: str) -> None:
    with pytest.raises(CredentialsError, match=f"{entry}: cannot be imported"):
        ask_site([entry], {})
