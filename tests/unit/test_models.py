"""Every object and field of the API's page, and a token that can't be printed by accident."""

from __future__ import annotations

import copy
import json
import pathlib
import pickle
import pprint
import traceback
from typing import Any, Callable, NamedTuple

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from jupyter_notebook_stop.modelarts import models
from jupyter_notebook_stop.modelarts.models import decode
from jupyter_notebook_stop.redaction import HIDDEN, Secret

from ..examples import examples


def dump(model: msgspec.Struct) -> Any:
    """Return `model` as plain data, with secrets hidden."""

    def hide(value: Any) -> str:
        assert isinstance(value, Secret)
        return str(value)

    return msgspec.to_builtins(model, enc_hook=hide)


EXAMPLE = pathlib.Path(__file__).with_name("example_answer.json").read_bytes()
TOKEN = "7bddd8ff-8a0d-e063-3107-c70a862832de"

PAGE = {
    "Notebook": "action_progress=[JobProgress] description=String endpoints=[EndpointsRes] fail_reason=String"
    " flavor=String custom_spec=NotebookCustomSpecRep id=String image=Image lease=Lease name=String pool=Pool"
    " status=String token=Secret url=String volume=VolumeRes workspace_id=String feature=String billing_items=[String]"
    " user=User affinity=AffinityType run_user=RunUserInfo",
    "JobProgress": "notebook_id=String status=String step=Integer step_description=String",
    "EndpointsRes": "allowed_access_ips=[String] dev_service=String ssh_keys=[String] service=String uri=String",
    "NotebookCustomSpecRep": "gpu=Float gpu_type=String cpu=Float memory=Float arch=String category=String",
    "Image": "arch=String create_at=Long description=String dev_services=[String] id=String name=String"
    " namespace=String origin=String resource_categories=[String] service_type=String size=Long status=String"
    " status_message=String support_res_categories=[String] swr_path=String tag=String type=String update_at=Long"
    " visibility=String workspace_id=String flavor_type=String",
    "Lease": "create_at=Long duration=Long enable=Boolean type=String update_at=Long",
    "Pool": "id=String name=String",
    "VolumeRes": "capacity=Integer category=String mount_path=String ownership=String status=String",
    "User": "domain=Domain id=String name=String",
    "Domain": "id=String name=String",
    "AffinityType": "required_during_scheduling_ignored_during_execution=[AffinityRule]"
    " preferred_during_scheduling_ignored_during_execution=[AffinityRule]",
    "AffinityRule": "key=String operator=String values=[String] weight=Integer",
    "RunUserInfo": "uid=Integer gid=Integer user_name=String group_name=String",
}
NEWER = {
    "Notebook": "data_volumes=[DataVolume] ip=String user_vpc=UserVpc user_id=String is_need_credentials=Boolean"
    " jupyter_version=String tags=[Tag]",
    "JobProgress": "description=String",
    "EndpointsRes": "key_pair_names=[String]",
    "DataVolume": "category=String mount_path=String url=String uri=String status=String mount_type=String",
    "UserVpc": "vpc_id=String subnet_id=String security_group_ids=[String]",
    "Tag": "key=String value=String",
}
WHERE: dict[str, tuple[Any, ...]] = {
    "Notebook": (),
    "JobProgress": ("action_progress", 0),
    "EndpointsRes": ("endpoints", 0),
    "NotebookCustomSpecRep": ("custom_spec",),
    "Image": ("image",),
    "Lease": ("lease",),
    "Pool": ("pool",),
    "VolumeRes": ("volume",),
    "User": ("user",),
    "Domain": ("user", "domain"),
    "AffinityType": ("affinity",),
    "AffinityRule": ("affinity", "preferred_during_scheduling_ignored_during_execution", 0),
    "RunUserInfo": ("run_user",),
    "DataVolume": ("data_volumes", 0),
    "UserVpc": ("user_vpc",),
    "Tag": ("tags", 0),
}
PLAIN: dict[str, Any] = {"String": "a value nobody knows", "Integer": 3, "Long": 1638841744515, "Float": 0.5}
PLAIN.update({"Boolean": True, "Secret": TOKEN})


class Field(NamedTuple):
    owner: str
    name: str
    kind: str

    def sample(self) -> Any:
        return [self._one()] if self.kind.startswith("[") else self._one()

    def _one(self) -> Any:
        return PLAIN.get(self.kind.strip("[]"), {})


FIELDS = [
    Field(owner, *entry.split("="))
    for tables in (PAGE, NEWER)
    for owner, entries in tables.items()
    for entry in entries.split()
]
every_field = pytest.mark.parametrize("field", FIELDS, ids=lambda field: f"{field.owner}.{field.name}")


def inside(owner: str, content: dict[str, Any]) -> bytes:
    """Return an answer with one object of kind `owner` in its place."""
    value: Any = content
    for step in reversed(WHERE[owner]):
        value = [value] if step == 0 else {step: value}
    return msgspec.json.encode(value)


def found(owner: str, content: dict[str, Any]) -> Any:
    """Return the object of kind `owner` in that answer, decoded."""
    value: Any = decode(inside(owner, content))
    for step in WHERE[owner]:
        value = value[0] if step == 0 else getattr(value, step)
    assert type(value) is getattr(models, owner)
    return value


def test_the_page_has_this_many_fields() -> None:
    assert [len(entries.split()) for entries in PAGE.values()] == [21, 4, 5, 6, 21, 5, 2, 5, 3, 2, 2, 4, 4]


@every_field
def test_a_field_is_decoded(field: Field) -> None:
    value = getattr(found(field.owner, {field.name: field.sample()}), field.name)
    one = value[0] if field.kind.startswith("[") else value
    kind = field.kind.strip("[]")
    if kind == "Secret":
        assert one.reveal() == field.sample()
    elif kind in PLAIN:
        assert value == field.sample()
        assert type(one) is type(PLAIN[kind])
    else:
        assert type(one) is getattr(models, kind)


@every_field
def test_a_field_may_be_null_or_absent(field: Field) -> None:
    assert getattr(found(field.owner, {field.name: None}), field.name) is None
    assert getattr(found(field.owner, {}), field.name) is None


@pytest.mark.parametrize("owner", WHERE)
def test_unknown_fields_are_no_error(owner: str) -> None:
    unknown = {"from_the_future": {"a": [1, None, {"b": "c"}]}, "another": "x"}
    assert found(owner, unknown) == found(owner, {})


def test_a_list_may_be_empty() -> None:
    notebook = decode(b'{"action_progress": [], "endpoints": [], "billing_items": [], "tags": []}')
    assert (notebook.action_progress, notebook.endpoints, notebook.billing_items, notebook.tags) == ([], [], [], [])


def test_the_page_s_own_example() -> None:
    notebook = decode(EXAMPLE)
    assert notebook.status == "STOPPING"
    assert notebook.id == "f9937afa-4451-42db-a76b-72d624749f66"
    assert notebook.action_progress is None
    assert notebook.image is not None
    assert notebook.image.type == "BUILD_IN"
    assert notebook.volume is not None
    assert (notebook.volume.capacity, notebook.volume.mount_path) == (50, "/home/ma-user/work/")
    assert notebook.lease is not None
    # One hour after the last update: the page prints the inequality backwards, the example has it right.
    assert notebook.lease.update_at is not None
    assert notebook.lease.expires_at == notebook.lease.update_at + 3_600_000
    assert notebook.token is not None
    assert notebook.token.reveal() == TOKEN
    expected = json.loads(EXAMPLE)
    expected["token"] = HIDDEN
    assert without_nothing(dump(notebook)) == expected


def without_nothing(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without_nothing(inner) for name, inner in value.items() if inner is not None}
    return value


@pytest.mark.parametrize(
    ("lease", "expires_at", "idle"),
    [
        ({"create_at": 1000, "duration": 500, "enable": True, "type": "TIMING"}, 1500, False),
        ({"create_at": 1000, "duration": 500, "enable": True, "type": "timing"}, 1500, False),
        ({"create_at": 1000, "duration": 500, "enable": True}, 1500, False),
        ({"create_at": 1000, "duration": 500, "enable": False, "type": "TIMING"}, None, False),
        ({"create_at": 1000, "duration": 500, "type": "TIMING"}, None, False),
        ({"create_at": 1000, "duration": 500, "enable": True, "type": "IDLE"}, None, True),
        ({"create_at": 1000, "duration": 500, "enable": True, "type": "idle"}, None, True),
        ({"create_at": 1000, "enable": True}, None, False),
        ({"duration": 500, "enable": True}, None, False),
        ({"create_at": 0, "duration": 500, "enable": True}, 500, False),
    ],
)
def test_when_a_lease_ends(lease: dict[str, Any], expires_at: int | None, idle: bool) -> None:
    decoded = found("Lease", lease)
    assert (decoded.expires_at, decoded.idle) == (expires_at, idle)


@pytest.mark.parametrize("name", ["step_description", "description"])
def test_both_spellings_of_a_step(name: str) -> None:
    assert found("JobProgress", {name: "Prepare storage"}).text == "Prepare storage"
    assert found("JobProgress", {}).text is None


PRINTERS: dict[str, Callable[[Any], Any]] = {
    "repr": repr,
    "str": str,
    "format": format,
    "f-string": lambda thing: f"{thing} {thing!r} {thing!s} {thing!a}",
    "percent": lambda thing: "%s %r" % (thing, thing),  # noqa: UP031
    "pprint": pprint.pformat,
    "ascii": ascii,
    "dump": lambda thing: dump(thing) if isinstance(thing, msgspec.Struct) else thing,
    "asdict": lambda thing: msgspec.structs.asdict(thing),
    "astuple": lambda thing: msgspec.structs.astuple(thing),
    "to_builtins": msgspec.to_builtins,
    "msgspec json": msgspec.json.encode,
    "msgspec msgpack": msgspec.msgpack.encode,
    "json": json.dumps,
    "json with str": lambda thing: json.dumps(thing, default=str),
    "json with repr": lambda thing: json.dumps(thing, default=repr),
    "json with vars": lambda thing: json.dumps(thing, default=vars),
    "pickle": pickle.dumps,
    "pickle 0": lambda thing: pickle.dumps(thing, 0),
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "vars": vars,
    "dict": dict,
    "list": list,
    "reduce": lambda thing: thing.__reduce__(),
    "getstate": lambda thing: thing.__getstate__(),
    "rich": lambda thing: list(thing.__rich_repr__()),
    "replace": lambda thing: msgspec.structs.replace(thing, status="X"),
}


@pytest.mark.parametrize("printer", PRINTERS)
@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("part", ["instance", "token"])
def test_no_printer_gives_the_token_away(printer: str, nested: bool, part: str) -> None:
    notebook = decode(EXAMPLE)
    thing: Any = notebook if part == "instance" else notebook.token
    try:
        said = PRINTERS[printer]([{"x": thing}] if nested else thing)
    except (TypeError, AttributeError, ValueError) as error:
        said = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    for shown in (repr(said), str(said), said if isinstance(said, str) else ""):
        assert TOKEN not in shown
    assert not isinstance(said, bytes) or TOKEN.encode() not in said
    assert notebook.token is not None
    assert notebook.token.reveal() == TOKEN, "the printer changed it"


@pytest.mark.parametrize(
    "body",
    [
        b'{"token": "%s' % TOKEN.encode(),
        b'{"token": ["%s"]}' % TOKEN.encode(),
        b'{"token": {"a": "%s"}}' % TOKEN.encode(),
        b'{"token": "%s", "lease": "%s"}' % (TOKEN.encode(), TOKEN.encode()),
        b'{"token": "%s", "name": "\xff"}' % TOKEN.encode(),
        b'{"token": "%s\xff"}' % TOKEN.encode(),
    ],
)
def test_a_decoding_error_does_not_give_the_token_away(body: bytes) -> None:
    error: BaseException | None = None
    try:
        assert TOKEN not in repr(decode(body))
    except ValueError as caught:
        error = caught
    while error is not None:
        assert TOKEN not in repr(error)
        assert TOKEN not in str(vars(error))
        assert not isinstance(error, UnicodeError)
        error = error.__cause__ or error.__context__


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"RUNNING"',
        b"42",
        b"<html></html>",
        b"\xff\xfe",
        b'{"unknown": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
    ids=lambda body: repr(body[:30]),
)
def test_what_is_no_instance_is_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        decode(body)
    assert type(caught.value) is ValueError, "msgspec's own error is one in its newer versions only"


@pytest.mark.parametrize(
    "odd",
    [
        b'"status": 7',
        b'"lease": "soon"',
        b'"action_progress": {"step": "one"}',
        b'"token": 5',
        b'"image": {"size": 1.5}',
        b'"description": "\xff"',
        b'"volume": [[[]]]',
    ],
    ids=repr,
)
def test_one_odd_field_costs_that_field_alone(odd: bytes) -> None:
    name = json.loads(b"{" + odd.replace(b"\xff", b"") + b"}").popitem()[0]
    notebook = decode(b'{"id": "some", "name": "mine", %s, "flavor": "small"}' % odd)
    assert (notebook.id, notebook.name, notebook.flavor) == ("some", "mine", "small")
    assert getattr(notebook, name) is None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
known_names = st.sampled_from(sorted({field.name for field in FIELDS}))
parts = st.dictionaries(known_names, json_values, max_size=3)
documents = st.dictionaries(known_names, json_values | parts | st.lists(parts, max_size=2), max_size=5)
fuzzed = documents.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=64)


@settings(
    max_examples=examples(200), deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
@given(fuzzed)
@example(b'{"status": "\\ud800"}')
@example(b'{"lease": {"create_at": 1e999}}')
@example(b'{"lease": {"create_at": ' + b"9" * 5000 + b"}}")
def test_any_bytes_are_decoded_or_a_value_error(body: bytes) -> None:
    try:
        notebook = decode(body)
    except ValueError:
        return
    assert isinstance(notebook, models.Notebook)
    assert isinstance(notebook.token, (Secret, type(None)))
    json.dumps(dump(notebook)).encode()
