"""The control API under ``/_simulator/``, for tests that run the simulator in another process.

Every call needs the simulator's first `auth_token` in ``X-Auth-Token``, even
after that token was revoked; calls are not logged and no fault befalls them.

==================================  ==============================================
``GET /_simulator/requests``        ``{"counts": {operation: n}, "requests": [...]}``
``DELETE /_simulator/requests``     forgets the log
``POST /_simulator/faults``         ``{"operation": "stop", "times": 1, "faults":
                                    [{"fault": "delay", "seconds": 1.0}]}``;
                                    ``times`` null for always
``DELETE /_simulator/faults``       takes all faults back
``GET /_simulator/instances``       ``{id: status}``
``PATCH /_simulator/instances/ID``  any of ``{"status", "step_seconds",
                                    "progress_style", "stop_conflict",
                                    "stop_fails_with", "extra"}``
``PATCH /_simulator/settings``      any field of `settings.Settings`
``PATCH /_simulator/keys/AK``       ``{"expires_at": seconds}``
``POST /_simulator/keys``           ``{"ak", "sk", "security_token", "expires_at"}``
``DELETE /_simulator/keys/AK``      revokes the key
==================================  ==============================================
"""

from __future__ import annotations

import hmac
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Callable, Optional
from urllib.parse import unquote

import msgspec

from .answers import Refusal, Reply, json_reply
from .documents import PROGRESS_STYLES
from .faults import AnyFault
from .instances import STOP_CONFLICTS
from .settings import Settings

if TYPE_CHECKING:
    from .service import Simulator

CONTROL_PATH = "/_simulator/"


# msgspec evaluates these annotations, on Python 3.9 too: hence Optional.


class _Faults(msgspec.Struct, forbid_unknown_fields=True):
    operation: str
    faults: list[AnyFault]
    times: Optional[int] = 1


class _InstanceChange(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    status: str = ""
    step_seconds: float = -1.0
    progress_style: str = ""
    stop_conflict: str = ""
    stop_fails_with: str = "-"
    extra: dict[str, Any] = {}


class _NewKey(msgspec.Struct, forbid_unknown_fields=True):
    ak: str
    sk: str
    security_token: str = ""
    expires_at: Optional[float] = None


class _Expiry(msgspec.Struct, forbid_unknown_fields=True):
    expires_at: float


class Control:
    """Answers the control API.

    Parameters
    ----------
    simulator
        What is controlled.
    """

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._token = simulator.auth_token.encode()

    def answer(self, method: str, uri: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Return the answer to a call, or raise `Refusal`."""
        if not hmac.compare_digest(headers.get("X-Auth-Token", "").encode(), self._token):
            raise Refusal(401, "Simulator.401", "The simulator's auth token is needed in X-Auth-Token.")
        resource, _, name = uri.partition("?")[0][len(CONTROL_PATH) :].partition("/")
        calls: dict[tuple[str, str], Callable[[str, bytes], Any]] = {
            ("GET", "requests"): self._requests,
            ("DELETE", "requests"): self._forget_requests,
            ("POST", "faults"): self._add_faults,
            ("DELETE", "faults"): self._clear_faults,
            ("GET", "instances"): self._instances,
            ("PATCH", "instances"): self._change_instance,
            ("PATCH", "settings"): self._change_settings,
            ("POST", "keys"): self._add_key,
            ("PATCH", "keys"): self._expire_key,
            ("DELETE", "keys"): self._revoke_key,
        }
        call = calls.get((method, resource))
        if call is None:
            raise Refusal(404, "Simulator.404", "The control API has no such call.")
        try:
            return json_reply(200, call(unquote(name), body))
        except KeyError as error:
            raise Refusal(404, "Simulator.404", f"There is no {error}.") from None
        except (msgspec.MsgspecError, UnicodeDecodeError, TypeError, ValueError) as error:
            raise Refusal(400, "Simulator.400", str(error)) from None

    def _requests(self, name: str, body: bytes) -> dict[str, Any]:
        requests = self._simulator.requests
        counts = Counter(request.operation for request in requests)
        return {"counts": dict(counts), "requests": [request.summary() for request in requests]}

    def _forget_requests(self, name: str, body: bytes) -> dict[str, Any]:
        self._simulator.requests.clear()
        return {}

    def _add_faults(self, name: str, body: bytes) -> dict[str, Any]:
        wanted = msgspec.json.decode(body, type=_Faults)
        self._simulator.faults.add(wanted.operation, wanted.faults, wanted.times)
        return {"rules": len(self._simulator.faults)}

    def _clear_faults(self, name: str, body: bytes) -> dict[str, Any]:
        self._simulator.faults.clear()
        return {}

    def _instances(self, name: str, body: bytes) -> dict[str, Any]:
        return {key: instance.status for key, instance in self._simulator.instances.items()}

    def _change_instance(self, name: str, body: bytes) -> dict[str, Any]:
        instance = self._simulator.instances[name]
        given = msgspec.to_builtins(msgspec.json.decode(body, type=_InstanceChange))
        if given.get("progress_style", PROGRESS_STYLES[0]) not in PROGRESS_STYLES:
            raise ValueError(f"unknown progress_style, known are {', '.join(PROGRESS_STYLES)}")
        if given.get("stop_conflict", STOP_CONFLICTS[0]) not in STOP_CONFLICTS:
            raise ValueError(f"unknown stop_conflict, known are {', '.join(STOP_CONFLICTS)}")
        for field, value in given.items():
            setattr(instance, field, value)
        return {name: instance.status}

    def _change_settings(self, name: str, body: bytes) -> dict[str, Any]:
        settings = self._simulator.settings
        given = msgspec.json.decode(body)
        # Made once more as a whole, the settings check themselves before any of them changes.
        msgspec.convert({**vars(settings), **given}, type=Settings)
        unknown = set(given) - set(vars(settings))
        if unknown:
            raise ValueError(f"unknown settings: {', '.join(sorted(unknown))}")
        for field, value in given.items():
            setattr(settings, field, value)
        return dict(vars(settings))

    def _add_key(self, name: str, body: bytes) -> dict[str, Any]:
        key = msgspec.json.decode(body, type=_NewKey)
        self._simulator.keys.add(key.ak, key.sk, key.security_token or None, key.expires_at)
        return {}

    def _expire_key(self, name: str, body: bytes) -> dict[str, Any]:
        self._simulator.keys.expire(name, msgspec.json.decode(body, type=_Expiry).expires_at)
        return {}

    def _revoke_key(self, name: str, body: bytes) -> dict[str, Any]:
        self._simulator.keys.revoke(name)
        return {}
