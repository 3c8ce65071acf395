"""The shape of a JSON document of the service: which fields, of which types, and none of their contents.

The service is not trusted to keep names and contents apart: a field's name is
shown only if it looks like one, and has nothing of a secret in it.
"""

from __future__ import annotations

import re
from typing import Any, Dict, Iterable, Iterator, List, Optional, Tuple

import msgspec

from ..pseudonyms import reveals_secret
from .models import Notebook

MAX_BODY = 64 * 1024
"""Of a larger document nothing is told, in bytes."""

MAX_FIELDS = 250
MAX_DEPTH = 6
MAX_ITEMS = 30

HIDDEN_NAME = "<hidden name>"

_NAME = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*|[a-z]+(?:[A-Z][a-z]+)+")
_VALUE = re.compile(r"[A-Z][A-Z0-9_]{1,31}")
"""Of all documented values but two; another text may name something."""
_MAX_NAME = 48
_MAX_DIGITS = 2
"""A name or value with more digits may be an id."""

_CODE = re.compile(r"[A-Za-z]{2,20}(?:\.\d{1,6})?")
_ERROR_NAMES = frozenset(
    ("error", "error_code", "error_msg", "errorCode", "errorMsg", "code", "message", "request_id", "requestId")
)
_CODE_NAMES = ("error_code", "errorCode", "code")
_ACTION = re.compile(r"modelarts:[A-Za-z]{1,30}:[A-Za-z]{1,40}")
_SECRET_NAME = re.compile(r"(?i)token|secret|passw|credential|key")

_STATES = (
    "INIT CREATING STARTING RUNNING STOPPING STOPPED DELETING DELETED SNAPSHOTTING FROZEN CREATE_FAILED START_FAILED"
    " DELETE_FAILED ERROR"
)
_STORAGE = "SFS EVS OBS OBSFS EFS"
_ENUMERATIONS = {
    "status": _STATES,
    "action_progress[].status": "WAITING PROCESSING FAILED COMPLETED",
    "feature": "DEFAULT NOTEBOOK",
    "billing_items[]": "STORAGE COMPUTE ALL",
    "lease.type": "TIMING IDLE timing idle",
    "volume.category": _STORAGE,
    "volume.ownership": "MANAGED DEDICATED",
    "volume.status": "RESIZING",
    "volume.mount_type": "STATIC DYNAMIC",
    "data_volumes[].category": _STORAGE,
    "data_volumes[].status": "MOUNTED",
    "data_volumes[].mount_type": "STATIC DYNAMIC",
    "endpoints[].service": "NOTEBOOK SSH",
    "endpoints[].dev_service": "NOTEBOOK SSH",
    "image.arch": "X86_64 AARCH64",
    "image.dev_services[]": "NOTEBOOK SSH",
    "image.origin": "CUSTOMIZE IMAGE_SAVE",
    "image.resource_categories[]": "CPU GPU ASCEND",
    "image.support_res_categories[]": "CPU GPU ASCEND",
    "image.service_type": "COMMON INFERENCE TRAIN DEV UNKNOWN",
    "image.status": "INIT CREATING CREATE_FAILED ERROR DELETED ACTIVE",
    "image.type": "BUILD_IN DEDICATED",
    "image.visibility": "PRIVATE PUBLIC",
    "image.flavor_type": "ASCEND_SNT9 ASCEND_SNT9B ASCEND_SNT3",
    "custom_spec.arch": "X86_64 AARCH64",
    "custom_spec.category": "CPU GPU ASCEND",
}
"""Fields with a set of values, and those that are documented: a value says what the service does, and is no name."""

_FORMS = (
    ("a UUID", re.compile(r"(?i)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")),
    ("32 hexadecimal digits", re.compile(r"(?i)[0-9a-f]{32}")),
    ("a URL", re.compile(r"[a-z][a-z0-9+.-]{1,9}://.*")),
    ("a path", re.compile(r"/.*")),
    ("a time", re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d.*")),
    ("digits", re.compile(r"\d+")),
)


def _documented_type(kind: Any) -> Any:
    """Return what `shape_of` needs to know of a struct of models.py."""
    return msgspec.inspect.type_info(kind)


NOTEBOOK = _documented_type(Notebook)


class Shape:
    """What a document consists of.

    Attributes
    ----------
    lines
        One for each field: its path, its types, and how it differs from what is documented.
    texts
        Free texts of the document with the path of each: what must not be seen elsewhere either.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        self.texts: List[Tuple[str, str]] = []
        self._secrets = tuple(secrets)
        self._found: Dict[str, List[str]] = {}
        self._notes: Dict[str, str] = {}

    @property
    def lines(self) -> List[str]:
        lines = [
            f"{path or '(all)'} - {' | '.join(found)}{self._notes.get(path, '')}" for path, found in self._found.items()
        ]
        return [*lines, "... and more fields"] if len(lines) >= MAX_FIELDS else lines

    def protect(self, value: Any) -> None:
        """Take the tokens and keys of a document for secrets: its own names may repeat them."""
        self._secrets += tuple(_secrets_in(value))

    def add(self, value: Any, path: str = "", kind: Any = None, depth: int = 0) -> None:
        """Describe `value`, which is found at `path` and documented as `kind`."""
        if path not in self._found and len(self._found) >= MAX_FIELDS:
            return
        kinds = _alternatives(kind)
        self._note(path, self._describe(path, value))
        if kind is not None and not any(_fits(value, each) for each in kinds):
            self._notes[path] = f" (documented: {' or '.join(_name_of(each) for each in kinds)})"
        if depth >= MAX_DEPTH:
            return
        if isinstance(value, dict):
            struct = next((each for each in kinds if isinstance(each, msgspec.inspect.StructType)), None)
            known = {field.encode_name: field.type for field in struct.fields} if struct else {}
            for name, inner in [*value.items()][:MAX_FIELDS]:
                at = f"{path}.{self._shown(name, known)}".lstrip(".")
                self.add(inner, at, known.get(name), depth + 1)
                if struct and name not in known:
                    self._notes[at] = " (not documented)"
        elif isinstance(value, list):
            item = next((each.item_type for each in kinds if isinstance(each, msgspec.inspect.ListType)), None)
            for inner in value[:MAX_ITEMS]:
                self.add(inner, f"{path}[]", item, depth + 1)

    def _shown(self, name: str, known: Dict[str, Any]) -> str:
        if name in known or name in _ERROR_NAMES:
            return name
        plain = len(name) <= _MAX_NAME and _NAME.fullmatch(name) and sum(map(str.isdigit, name)) <= _MAX_DIGITS
        return name if plain and not reveals_secret(name, self._secrets) else HIDDEN_NAME

    def _note(self, path: str, what: str) -> None:
        found = self._found.setdefault(path, [])
        if what not in found and len(found) < MAX_ITEMS:
            found.append(what)

    def _describe(self, path: str, value: Any) -> str:
        if value is None:
            return "null"
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, int):
            return f"integer, {len(str(abs(value)))}-digit"
        if isinstance(value, float):
            return "number with a fraction"
        if isinstance(value, dict):
            return "object" if value else "object (empty)"
        if isinstance(value, list):
            return f"list of {len(value)}"
        return self._describe_text(path, value)

    def _describe_text(self, path: str, text: str) -> str:
        if not text:
            return "text (empty)"
        if path in _ENUMERATIONS:
            value = text_of_value(path, text, self._secrets)
            if value is not None:
                return value
        if path.rpartition(".")[2] in _CODE_NAMES and _CODE.fullmatch(text) and not reveals_secret(text, self._secrets):
            return text
        self.texts.append((path, text))
        actions = sorted({each for each in _ACTION.findall(text[:4000]) if not reveals_secret(each, self._secrets)})
        if actions:
            return f"text that names {', '.join(actions[:3])}"
        form = next((name for name, form in _FORMS if form.fullmatch(text)), None)
        return f"text ({form})" if form else "text"


def shape_of(body: bytes, kind: Any = None, secrets: Iterable[str] = ()) -> Shape:
    """Return the shape of a document.

    Parameters
    ----------
    body
        A response as it was received.
    kind
        What is documented of it, if anything is.
    secrets
        What must not be seen, not even as the name of a field.
    """
    shape = Shape(secrets)
    if not body.strip():
        shape._note("", "nothing")
        return shape
    if len(body) > MAX_BODY:
        shape._note("", f"more than {MAX_BODY} bytes")
        return shape
    try:
        value = msgspec.json.decode(body)
        shape.protect(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        # The text of the error may quote the document.
        kind_of_text = "HTML" if body.lstrip()[:1] == b"<" else "no JSON"
        shape._note("", "JSON nested too deeply" if isinstance(error, RecursionError) else kind_of_text)
        shape.texts.append(("body", body.decode("utf-8", "replace")))
        return shape
    shape.add(value, kind=kind)
    return shape


def _secrets_in(value: Any, name: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _secrets_in(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from _secrets_in(inner, name)
    elif isinstance(value, str) and len(value) >= 6 and _SECRET_NAME.search(name):
        yield value


def _alternatives(kind: Any) -> List[Any]:
    if kind is None:
        return []
    return [*kind.types] if isinstance(kind, msgspec.inspect.UnionType) else [kind]


def _fits(value: Any, kind: Any) -> bool:
    inspect = msgspec.inspect
    if isinstance(kind, (inspect.CustomType, inspect.StrType)):
        return isinstance(value, str)
    if isinstance(kind, inspect.BoolType):
        return isinstance(value, bool)
    if isinstance(kind, inspect.IntType):
        return isinstance(value, int) and not isinstance(value, bool)
    if isinstance(kind, inspect.FloatType):
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if isinstance(kind, inspect.ListType):
        return isinstance(value, list)
    if isinstance(kind, inspect.StructType):
        return isinstance(value, dict)
    return value is None if isinstance(kind, inspect.NoneType) else True


def _name_of(kind: Any) -> str:
    names = {"CustomType": "text", "StrType": "text", "BoolType": "true or false", "IntType": "integer"}
    names.update(FloatType="number", ListType="list", StructType="object", NoneType="null")
    return names.get(type(kind).__name__, "anything")


def text_of_value(path: str, text: str, secrets: Iterable[str] = ()) -> Optional[str]:
    """Return one of a set of values if it is documented, or has the form of those that are."""
    if text in _ENUMERATIONS[path].split():
        return text
    few_digits = sum(map(str.isdigit, text)) <= _MAX_DIGITS + 1
    shown = _VALUE.fullmatch(text) and few_digits and not reveals_secret(text, secrets)
    return f"{text} (value not documented)" if shown else None


def text_of_code(code: Optional[str], secrets: Iterable[str] = ()) -> str:
    """Return an error code if it has the form of one."""
    known = code is not None and len(code) <= 60 and re.fullmatch(r"[A-Za-z_]+(?:\.\d{1,6})?|http_\d{3}", code)
    return code if code and known and not reveals_secret(code, secrets) else "a code of another form"
