"""What is seen at a glance at the start of a server is what a closer look would find."""

from __future__ import annotations

import uuid

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from jupyter_notebook_stop.errors import NotebookStopError, NotInInstanceError
from jupyter_notebook_stop.instance_detection import find_candidate_ids, is_unambiguous
from jupyter_notebook_stop.modelarts.identity import find_identity

ID = "f9937afa-4451-42db-a76b-72d624749f66"
IDS = st.sampled_from([ID, ID.upper(), f" {ID} ", str(uuid.UUID(int=7, version=4)), "", " ", "i-0abc", f"{ID}0"])
PROJECTS = st.sampled_from(["0" * 32, f" {'A' * 32}", "0" * 31, "", " "])
VARIABLES = {
    "INSTANCE_ID": IDS,
    "PROJECT_ID": PROJECTS,
    "HUAWEICLOUD_SDK_PROJECT_ID": PROJECTS,
    "MODELARTS_REGION": st.sampled_from(["cn-north-4", "", "nowhere"]),
    "MODELARTS_ENDPOINT": st.sampled_from(["https://example.com", "", "http://example.com"]),
}
HOSTNAMES = st.one_of(st.just("laptop"), IDS.map("notebook-{}".format), IDS.map("notebook-{}-0".format))
BASE_URLS = st.one_of(st.sampled_from(["/", "/a-b-c-d-e/"]), IDS.map("/{}/".format), IDS.map("/lab/{}".format))


@given(st.fixed_dictionaries({}, optional=VARIABLES), HOSTNAMES, BASE_URLS)
def test_candidates_are_what_identity_finds(environ: dict[str, str], hostname: str, base_url: str) -> None:
    candidates = find_candidate_ids(environ, hostname, base_url)
    try:
        identity = find_identity(None, environ=environ, hostname=hostname, base_url=base_url)
    except NotInInstanceError:
        event("outside")
        assert not is_unambiguous(candidates, environ)
    except NotebookStopError:
        event("to be corrected")
        assert candidates
        assert not is_unambiguous(candidates, environ)
    else:
        event(f"inside, unambiguous: {is_unambiguous(candidates, environ)}")
        assert identity.instance_id.value in candidates
        if is_unambiguous(candidates, environ):
            assert candidates == {identity.instance_id.value}


@given(st.fixed_dictionaries({}, optional=VARIABLES), HOSTNAMES, BASE_URLS)
def test_without_a_candidate_there_is_no_instance(environ: dict[str, str], hostname: str, base_url: str) -> None:
    if not find_candidate_ids(environ, hostname, base_url):
        with pytest.raises(NotInInstanceError, match=r"looked for [^.]*c\.NotebookStop\.instance_id") as caught:
            find_identity(None, environ=environ, hostname=hostname, base_url=base_url)
        assert "is not a UUID" not in str(caught.value)


def test_the_platforms_own_ids_are_unambiguous() -> None:
    environ = {"INSTANCE_ID": ID, "PROJECT_ID": "0" * 32}
    candidates = find_candidate_ids(environ, f"notebook-{ID}", f"/{ID}/")
    assert candidates == {ID}
    assert is_unambiguous(candidates, environ)
    for name in ("MODELARTS_ENDPOINT", "MODELARTS_REGION"):
        assert not is_unambiguous(candidates, {**environ, name: "set by hand"})
    for name in ("PROJECT_ID", "HUAWEICLOUD_SDK_PROJECT_ID"):
        assert not is_unambiguous(candidates, {**environ, name: "0" * 31})
    assert not find_candidate_ids({}, "laptop", "/")


def test_what_is_no_id_is_ambiguous() -> None:
    # Other platforms use this name too.
    candidates = find_candidate_ids({"INSTANCE_ID": "i-0abc"}, "laptop", "/")
    assert candidates == {"i-0abc"}
    assert not is_unambiguous(candidates, {})
    assert not is_unambiguous(candidates | {ID}, {})
