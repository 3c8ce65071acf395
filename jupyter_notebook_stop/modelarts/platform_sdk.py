"""The session of the platform's own SDK, which knows keys, project and region without configuration.

The package ``modelarts`` exists on the platform only. It is imported where
present; the call may be slow or hang, so it belongs in a daemon thread.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any, NamedTuple, Optional

from ..redaction import Secret

LOCATIONS = ("/modelarts/tools/sdk", "/opt/huawei/modelarts-dev/modelarts-sdk")
"""Folders the platform puts its SDK in."""


class PlatformSession(NamedTuple):
    """What the platform's SDK knows of the current user and region."""

    access_key: Optional[Secret]
    secret_key: Optional[Secret]
    security_token: Optional[Secret]
    project_id: Optional[str]
    region: Optional[str]


def _session_module() -> Any:
    try:
        return importlib.import_module("modelarts.session")
    except ModuleNotFoundError as error:
        if error.name not in ("modelarts", "modelarts.session"):
            raise
    added = [folder for folder in LOCATIONS if os.path.isdir(folder) and folder not in sys.path]
    if not added:
        raise ModuleNotFoundError("the platform's SDK is not on this machine", name="modelarts")
    # Permanently, since the SDK imports parts of itself later; at the end, so that it shadows no other module.
    sys.path.extend(added)
    importlib.invalidate_caches()
    return importlib.import_module("modelarts.session")


def _text(session: Any, name: str) -> str | None:
    value = getattr(session, name, None)
    return value.strip() or None if isinstance(value, str) else None


def open_session() -> PlatformSession:
    """Return what the platform's SDK knows.

    Raises
    ------
    ModuleNotFoundError
        When the SDK is not on this machine.
    Exception
        Whatever the SDK raises.
    """
    session = _session_module().Session()
    access_key, secret_key, token = (
        Secret(value) if value else None
        for value in (_text(session, name) for name in ("access_key", "secret_key", "security_token"))
    )
    return PlatformSession(access_key, secret_key, token, _text(session, "project_id"), _text(session, "region_name"))
