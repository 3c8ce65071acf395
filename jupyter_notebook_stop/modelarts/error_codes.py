"""The error codes of the service and of its gateway, each with a remedy, and how an error response is read.

The codes and their meanings come from the public error code pages of ModelArts
and of the API gateway.
"""

from __future__ import annotations

import re
from typing import Any, Dict, Mapping, NamedTuple, Optional, Sequence, Type

import msgspec

from ..errors import (
    CloudError,
    CredentialsError,
    InstanceNotFoundError,
    InstanceStateError,
    NotebookStopError,
    PermissionDeniedError,
    UnreachableError,
)
from ..redaction import one_line, redact
from ..translation import _

MAX_MESSAGE = 600
"""Longest message taken from a response, in characters."""


class ErrorBody(NamedTuple):
    """What the body of an error response says, whatever its form."""

    code: Optional[str]
    message: str
    request_id: Optional[str]


class _Case(NamedTuple):
    kind: Type[NotebookStopError]
    remedy: str


_PERMISSION = _Case(
    PermissionDeniedError,
    _(
        "Ask an administrator to add the action modelarts:notebook:stop (and modelarts:notebook:get) to the agency or"
        " user whose credentials are used; the basic agency can read notebooks, but not stop them."
    ),
)
_BAD_CREDENTIALS = _Case(
    CredentialsError,
    _(
        "The credentials are wrong, expired or revoked: renew them at their source. The request is not repeated, since"
        " repeated failures lock an access key."
    ),
)
_BUSY = _Case(UnreachableError, _("The service is busy or down: wait a minute and try again."))
_MISSING = _Case(InstanceNotFoundError, _("Check the instance id, the project and the region: one of them is wrong."))

MAY_NOT_RENEW = _(
    "Ask an administrator to add the action modelarts:notebook:updateStopPolicy to the agency or user"
    " whose credentials are used here, or extend the automatic stop in the console."
)

_STATES = {
    "6306": _("The instance is still starting: wait until it is RUNNING, then stop it."),
    "6327": _("The instance is not running: there is nothing to stop."),
    "6326": _("The instance is frozen because of arrears: settle the account in the console."),
    "6333": _("The instance is being restored: wait until that is done, then stop it."),
    "6355": _("The instance is being initialised: wait until it is RUNNING, then stop it."),
}

ALREADY_DONE: Mapping[str, str] = {
    "ModelArts.6357": "STOPPING",
    "ModelArts.6307": "STOPPED",
    "ModelArts.6308": "STOPPING",
}
"""Codes that say the instance is already stopping or stopped, which is no error, with the status they imply."""

_BY_CODE: Dict[str, _Case] = {
    **{f"ModelArts.{code}": _Case(InstanceStateError, remedy) for code, remedy in _STATES.items()},
    **{
        code: _Case(InstanceStateError, _("No action is needed: the instance is stopping or stopped already."))
        for code in ALREADY_DONE
    },
    "ModelArts.6309": _MISSING,
    "ModelArts.6404": _MISSING,
    "ModelArts.0108": _PERMISSION,
    "ModelArts.0112": _PERMISSION,
    "ModelArts.6407": _PERMISSION,
    "APIGW.0302": _PERMISSION,
    "ModelArts.0210": _Case(
        PermissionDeniedError,
        _(
            "The project does not belong to the credentials: check project id and region against the source of the"
            " credentials."
        ),
    ),
    "APIGW.0101": _Case(
        CloudError,
        _("The endpoint does not know this path. Check the endpoint and the region (c.NotebookStop.endpoint)."),
    ),
    "APIGW.0301": _BAD_CREDENTIALS,
    **{f"ModelArts.02{number:02d}": _BAD_CREDENTIALS for number in range(1, 9)},
    "APIGW.0308": _BUSY,
    "APIGW.0201": _BUSY,
    "ModelArts.6100": _BUSY,
    "ModelArts.6101": _BUSY,
}

_BY_STATUS: Dict[int, _Case] = {
    401: _BAD_CREDENTIALS,
    403: _PERMISSION,
    404: _BY_CODE["APIGW.0101"],
    407: _Case(
        UnreachableError,
        _(
            "The proxy requires authentication: include user and password in https_proxy, or exempt the host in"
            " no_proxy."
        ),
    ),
    **dict.fromkeys((408, 429, 500, 502, 503, 504), _BUSY),
}

_OTHER = _Case(CloudError, _("If this happens again, give the code and the request id to the service's support."))

_USED = {
    "instance": _("instance"),
    "project": _("project"),
    "endpoint": _("endpoint"),
    "credentials": _("credentials"),
}
"""What an error says it has used."""

_SPELLINGS = (("error_code", "error_msg"), ("errorCode", "errorMsg"), ("code", "message"))


def _find(body: Any, depth: int) -> tuple[str | None, str | None, str | None]:
    if not isinstance(body, dict):
        return None, None, None
    request_id = body.get("request_id") or body.get("requestId")
    for code_name, message_name in _SPELLINGS:
        code, message = body.get(code_name), body.get(message_name)
        if isinstance(code, (str, int)) or isinstance(message, str):
            return (
                None if code is None else str(code),
                message if isinstance(message, str) else None,
                request_id if isinstance(request_id, str) else None,
            )
    if depth:
        for value in body.values():
            code, message, inner_id = _find(value, depth - 1)
            if code or message:
                return code, message, inner_id or (request_id if isinstance(request_id, str) else None)
    return None, None, None


def _plain(body: str) -> str:
    # No pattern reads beyond the next "<": on a page of nothing else that would take very long.
    title = re.search(r"(?i)<title[^<>]*>([^<]*)</title>", body)
    text = title[1] if title else re.sub(r"<[^<>]*>", " ", body)
    return " ".join(text.split())


def _read_error(headers: Mapping[str, str], body: bytes, secrets: Sequence[str] = ()) -> ErrorBody:
    """Return what an error response says: code, message and request id.

    All forms seen from the service (``error_code``, ``errorCode`` and
    ``code``, each also one level down) and the HTML of a proxy are read.
    Secrets that the message echoes are redacted: those in `secrets` and
    whatever looks like one.
    """
    try:
        code, message, request_id = _find(msgspec.json.decode(body), 1)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        code, message, request_id = None, None, None
    if message is None:
        text = body.decode("utf-8", "replace").replace("\0", "")
        message = _plain(redact(text, *secrets, limit=16 * MAX_MESSAGE))
    if request_id is None:
        request_id = headers.get("x-request-id")
    message = one_line(redact(message, *secrets, limit=16 * MAX_MESSAGE))
    if len(message) > MAX_MESSAGE:
        message = message[: MAX_MESSAGE - 1] + "…"
    return ErrorBody(
        one_line(redact(code, *secrets, limit=MAX_MESSAGE))[:100] if code else None,
        message,
        one_line(redact(request_id, *secrets, limit=MAX_MESSAGE))[:100] if request_id else None,
    )


def _case(code: str | None, status: int | None) -> _Case | None:
    case = _BY_CODE.get(code or "")
    # Whatever its code, a 401 counts towards the lock of an access key.
    if case is None or (status == 401 and case.kind is not CredentialsError):
        case = _BY_STATUS.get(status or 0)
    return case


def error_from_response(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    context: Mapping[str, str] | None = None,
    secrets: Sequence[str] = (),
) -> NotebookStopError:
    """Return the exception for a response that is not a success.

    Parameters
    ----------
    status
        HTTP status.
    headers
        Headers with lower-case names, or a mapping that ignores case.
    body
        The body as received.
    context
        What the request used and where that came from, such as
        ``{"credentials": "environment"}``; appended to the message.
    secrets
        Values to hide, should the response echo them.
    """
    found = _read_error(headers, body, secrets)
    case = _case(found.code, status)
    if case is None and 300 <= status < 400:
        case = _Case(
            CloudError,
            _(
                "The endpoint returned a redirect, which is not followed. Check the endpoint (c.NotebookStop.endpoint)"
                " and proxy."
            ),
        )
    kind, remedy = case or _OTHER
    message = found.message or _("The service returned HTTP {status} without a message.", status=status)
    if context:
        used = _(", ").join(
            _("{name}: {value}", name=_USED.get(name, name), value=each) for name, each in context.items()
        )
        message = _("{message} ({used})", message=message, used=used)
    code = found.code or f"http_{status}"
    return kind(message, code=code, remedy=remedy, status=status, request_id=found.request_id)


def sentence(text: str) -> str:
    """Return `text` with a full stop at its end."""
    return text if text.endswith((".", "!", "?", "…", "。")) else _("{text}.", text=text)
