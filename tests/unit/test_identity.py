"""Which instance is this: the order of sources, their agreement, and ids that must not bend a URL."""

from __future__ import annotations

import itertools
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_notebook_stop.config import NotebookStop
from jupyter_notebook_stop.errors import IdentityError, NotInInstanceError
from jupyter_notebook_stop.modelarts.identity import (
    Identity,
    SourcedValue,
    check_endpoint,
    complete_identity,
    endpoint_of,
    find_identity,
    is_loopback,
)

ID = "f9937afa-4451-42db-a76b-72d624749f66"
SHORT = ID.rpartition("-")[0]
OTHER = "00000000-51d0-4000-8000-000000000001"
PROJECT = "0123456789abcdef0123456789abcdef"
PROJECT_2 = "fedcba9876543210fedcba9876543210"


def find(config: NotebookStop | None = None, **given: Any) -> Identity:
    return find_identity(config or NotebookStop(), **{"environ": {}, "hostname": "host", "base_url": None, **given})


SOURCES: list[tuple[str, dict[str, Any]]] = [
    ("c.NotebookStop.instance_id", {"config": NotebookStop(instance_id=ID)}),
    ("environment variable INSTANCE_ID", {"environ": {"INSTANCE_ID": ID}}),
    ("the hostname", {"hostname": f"notebook-{ID}"}),
    ("the server's base_url", {"base_url": f"/{ID}/"}),
]
OTHERS = {"environ": {"INSTANCE_ID": OTHER}, "hostname": f"notebook-{OTHER}", "base_url": f"/{OTHER}/"}


@pytest.mark.parametrize("first", range(len(SOURCES)))
def test_the_order_of_the_sources_of_the_id(first: int) -> None:
    given: dict[str, Any] = {}
    for _, more in SOURCES[first:]:
        given.update(more)
    assert find(**given).instance_id == SourcedValue(ID, SOURCES[first][0])


@pytest.mark.parametrize(("source", "given"), SOURCES)
def test_each_source_alone(source: str, given: dict[str, Any]) -> None:
    identity = find(**given)
    assert identity.instance_id == (ID, source)
    assert identity.sources() == {"id": source}


@pytest.mark.parametrize(("one", "two"), [*itertools.combinations(range(len(SOURCES)), 2)])
def test_two_sources_that_disagree_are_refused(one: int, two: int) -> None:
    ((name, value),) = SOURCES[two][1].items()
    given = {**SOURCES[one][1], name: OTHERS[name]}
    with pytest.raises(IdentityError, match="disagree") as caught:
        find(**given)
    assert caught.value.code == "identity_conflict"
    for part in (f"{SOURCES[one][0]} says {ID}", f"{SOURCES[two][0]} says {OTHER}", "Nothing is stopped"):
        assert part in caught.value.message
    assert find(**{**given, name: value}).instance_id.value == ID


def test_case_is_no_disagreement() -> None:
    assert find(environ={"INSTANCE_ID": ID.upper()}, hostname=f"notebook-{ID}").instance_id.value == ID


@pytest.mark.parametrize(
    ("hostname", "fits"),
    [
        (f"notebook-{ID}", True),
        (f"notebook-{ID}-0", True),
        (f"notebook-{ID}.svc.local", True),
        (f"notebook-{ID}f", False),
        (f"my-notebook-{ID}", False),
        (f"notebook-{SHORT}", False),
        (f"notebook-{'z' * 36}", False),
        ("notebook", False),
        (ID, False),
        ("", False),
    ],
)
def test_the_form_of_the_hostname(hostname: str, fits: bool) -> None:
    if fits:
        assert find(hostname=hostname).instance_id.value == ID
    else:
        with pytest.raises(NotInInstanceError):
            find(hostname=hostname)


@pytest.mark.parametrize(
    ("base_url", "fits"),
    [
        (f"/{ID}/", True),
        (f"/{ID}", True),
        (f"/a/{ID}/", True),
        ("/", False),
        (f"/{ID}/b/", False),
        (f"/x{ID}/", False),
        (f"/{SHORT}/", False),
        (f"/{ID}-0123/", False),
    ],
)
def test_the_form_of_the_base_url(base_url: str, fits: bool) -> None:
    if fits:
        assert find(base_url=base_url).instance_id.value == ID
    else:
        with pytest.raises(NotInInstanceError):
            find(base_url=base_url)


def test_a_hostname_of_another_kind_says_nothing_against_an_id() -> None:
    for hostname in ("notebook-of-mine", f"notebook-{'z' * 36}"):
        assert find(environ={"INSTANCE_ID": ID}, hostname=hostname).instance_id.value == ID


def test_outside_an_instance_it_says_what_was_looked_for() -> None:
    with pytest.raises(NotInInstanceError) as caught:
        find(hostname="laptop", base_url="/")
    for part in ("c.NotebookStop.instance_id, ", "INSTANCE_ID, ", "hostname notebook-<id>", "base_url /<id>/"):
        assert part in caught.value.message
    assert "Run this inside a ModelArts notebook instance" in str(caught.value)
    with pytest.raises(NotInInstanceError) as without_server:
        find(hostname="laptop")
    assert "base_url" not in without_server.value.message


def test_another_platform_s_instance_id_is_not_ours() -> None:
    with pytest.raises(NotInInstanceError, match="INSTANCE_ID is set, but is not a UUID"):
        find(environ={"INSTANCE_ID": "i-0abc"})
    with pytest.raises(NotInInstanceError, match="INSTANCE_ID is set, but is not a UUID"):
        find_identity(None, environ={"INSTANCE_ID": "i-0abc"}, hostname="host", base_url=None)


@pytest.mark.parametrize(
    "value", ["../../x", f"{ID}/../{OTHER}", f"{ID}?x", f"{ID}#", f"{ID}%2f", "i-0abc", ID[:-1], ID + "0", f"{ID}\nx"]
)
def test_a_malformed_id_set_on_purpose_is_refused(value: str) -> None:
    with pytest.raises(IdentityError) as caught:
        find(NotebookStop(instance_id=value))
    assert caught.value.code == "bad_instance_id"
    assert "c.NotebookStop.instance_id" in caught.value.message
    with pytest.raises(IdentityError, match="INSTANCE_ID is not a UUID"):
        find(environ={"INSTANCE_ID": value}, hostname=f"notebook-{ID}")


@pytest.mark.parametrize("value", ["../../x", PROJECT[:-1], PROJECT + "0", f"{PROJECT}/x", "x" * 32, f"{PROJECT}\nx"])
def test_a_malformed_project_is_refused(value: str) -> None:
    with pytest.raises(IdentityError, match="project id from environment variable PROJECT_ID") as caught:
        find(NotebookStop(instance_id=ID), environ={"PROJECT_ID": value})
    assert caught.value.code == "bad_project_id"
    with pytest.raises(IdentityError, match="project id from the session"):
        complete_identity(
            Identity(instance_id=SourcedValue(ID, "x")),
            SourcedValue(value, "the session"),
            SourcedValue("cn-north-4", "x"),
        )


@pytest.mark.parametrize(
    "value", ["cn-north-4.evil.com", "cn-north-4/", "a@b-c", "evil.com#", "CN-NORTH-4", "cn", "-a-b", "cn-north-4\n.x"]
)
def test_a_malformed_region_is_refused(value: str) -> None:
    with pytest.raises(IdentityError, match=r"region from c\.NotebookStop\.region") as caught:
        find(NotebookStop(instance_id=ID, region=value))
    assert caught.value.code == "bad_region"
    with pytest.raises(IdentityError, match="region from the session"):
        complete_identity(
            Identity(instance_id=SourcedValue(ID, "x")), SourcedValue(PROJECT, "x"), SourcedValue(value, "the session")
        )


REST = {
    "PROJECT_ID": PROJECT,
    "HUAWEICLOUD_SDK_PROJECT_ID": PROJECT_2,
    "MODELARTS_REGION": "cn-north-4",
    "MODELARTS_ENDPOINT": "https://environment.example",
}


def test_traits_go_before_the_environment() -> None:
    traits = NotebookStop(instance_id=ID, project_id=PROJECT_2, region="cn-east-3", endpoint="https://trait.example/")
    identity = find(traits, environ=REST)
    assert identity.project_id == (PROJECT_2, "c.NotebookStop.project_id")
    assert identity.region == ("cn-east-3", "c.NotebookStop.region")
    assert identity.endpoint == ("https://trait.example", "c.NotebookStop.endpoint")
    assert set(identity.sources()) == {"id", "project_id", "region", "endpoint"}


def test_the_environment_goes_before_the_platform() -> None:
    session = "the platform's SDK session"
    identity = complete_identity(
        find(NotebookStop(instance_id=ID), environ=REST),
        SourcedValue("a" * 32, session),
        SourcedValue("cn-east-3", session),
    )
    assert identity.project_id == (PROJECT, "environment variable PROJECT_ID")
    assert identity.region == ("cn-north-4", "environment variable MODELARTS_REGION")
    assert identity.endpoint == ("https://environment.example", "environment variable MODELARTS_ENDPOINT")
    second = find(NotebookStop(instance_id=ID), environ={"HUAWEICLOUD_SDK_PROJECT_ID": PROJECT_2})
    assert second.project_id == (PROJECT_2, "environment variable HUAWEICLOUD_SDK_PROJECT_ID")


def test_the_platform_adds_what_is_missing() -> None:
    session = "the platform's SDK session"
    identity = complete_identity(
        find(NotebookStop(instance_id=ID)), SourcedValue(PROJECT.upper(), session), SourcedValue("cn-north-4", session)
    )
    assert identity.project_id == (PROJECT, session)
    assert identity.region == ("cn-north-4", session)
    assert identity.endpoint == ("https://modelarts.cn-north-4.myhuaweicloud.com", f"region from {session}")


def test_what_is_missing_is_named() -> None:
    with pytest.raises(IdentityError, match="Could not determine the project") as caught:
        complete_identity(find(NotebookStop(instance_id=ID)), None, SourcedValue("cn-north-4", "x"))
    assert (caught.value.code, "PROJECT_ID" in str(caught.value.remedy)) == ("no_project", True)
    with pytest.raises(IdentityError, match="Could not determine the region") as caught:
        complete_identity(find(NotebookStop(instance_id=ID)), SourcedValue(PROJECT, "x"), None)
    assert (caught.value.code, "MODELARTS_REGION" in str(caught.value.remedy)) == ("no_region", True)


def test_this_process_is_looked_at_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INSTANCE_ID", ID)
    monkeypatch.setattr("socket.gethostname", lambda: f"notebook-{OTHER}")
    with pytest.raises(IdentityError, match="disagree"):
        find_identity(NotebookStop())


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("cn-north-4", "modelarts.cn-north-4.myhuaweicloud.com"),
        ("ap-southeast-1", "modelarts.ap-southeast-1.myhuaweicloud.cn"),
        ("ap-southeast-3", "modelarts.ap-southeast-3.myhuaweicloud.com"),
    ],
)
def test_the_endpoint_of_a_region(region: str, host: str) -> None:
    assert endpoint_of(region) == f"https://{host}"


@pytest.mark.parametrize(
    ("url", "plain"),
    [
        ("https://modelarts.cn-north-4.myhuaweicloud.com", "https://modelarts.cn-north-4.myhuaweicloud.com"),
        ("https://Host.Example/", "https://host.example"),
        ("https://host.example:8443", "https://host.example:8443"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://127.9.9.9", "http://127.9.9.9"),
        ("http://localhost:8080/", "http://localhost:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("https://[2001:db8::1]", "https://[2001:db8::1]"),
    ],
)
def test_a_good_endpoint(url: str, plain: str) -> None:
    assert check_endpoint(url, "x") == plain


@pytest.mark.parametrize(
    "url",
    [
        "",
        "host.example",
        "ftp://host.example",
        "https://",
        "https:host.example",
        "http://host.example",
        "http://127.0.0.1.evil.com",
        "http://localhost.evil.com",
        "http://127.1",
        "http://2130706433",
        "http://0x7f.0.0.1",
        "http://0.0.0.0",
        "http://[::]",
        "http://[2001:db8::1]",
        "http://127.0.0.1@evil.com",
        "https://user@host.example",
        "https://user:password@host.example",
        "https://:password@host.example",
        "https://@host.example",
        "https://host.example/path",
        "https://host.example/X",
        "https://host.example/../x",
        "https://host.example?x=1",
        "https://host.example#x",
        "https://host.example\\@evil.com",
        "https://host.example;evil.com",
        "https://host.example%2f.evil.com",
        "https://host.example:99999",
        "https://host.example:x",
        "https://host_.example",
        "https://hòst.example",
        "https://[::1",
        "https://host.example\n",
        "https://host\t.evil.com",
        "https://host .example",
        "\x00https://host.example",
    ],
)
def test_a_bad_endpoint(url: str) -> None:
    with pytest.raises(IdentityError) as caught:
        check_endpoint(url, "the test's source")
    assert caught.value.code == "bad_endpoint"
    assert "the test's source" in str(caught.value.remedy)
    assert "password" not in str(caught.value)


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(st.text(alphabet="htps:/@.?#[]%\\ \n\tal0127:évil;_-", max_size=24).map(lambda rest: "https://a" + rest))
def test_what_is_accepted_is_scheme_and_host_alone(url: str) -> None:
    try:
        plain = check_endpoint(url, "x")
    except IdentityError:
        return
    parts = urlsplit(plain)
    assert (parts.scheme, parts.path, parts.query, parts.fragment, parts.username) == ("https", "", "", "", None)
    assert parts.hostname == urlsplit(url).hostname
    assert plain.isascii()


@pytest.mark.parametrize(
    ("host", "near"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.255.0.1", True),
        ("::1", True),
        ("127.0.0.1.evil.com", False),
        ("localhost.evil.com", False),
        ("10.0.0.1", False),
        ("0.0.0.0", False),
        ("", False),
        (None, False),
    ],
)
def test_what_loopback_is(host: str | None, near: bool) -> None:
    assert is_loopback(host) is near
