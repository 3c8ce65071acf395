"""What a process can tell of itself in a report from the field: versions, names of variables, shapes, log lines."""

from __future__ import annotations

import contextlib
import os
import platform
import re
from importlib import metadata
from typing import TYPE_CHECKING, Dict, Iterable, List, Mapping
from urllib.parse import urlsplit

import msgspec

from ..modelarts.last_responses import ResponseSummary
from ..pseudonyms import Pseudonyms, reveals_secret

if TYPE_CHECKING:
    from ..modelarts.connection import Connection

PACKAGES = (
    *("jupyter_notebook_stop", "jupyter_server", "jupyter_core", "jupyter_client", "jupyter_events", "traitlets"),
    *("tornado", "httpx", "httpcore", "h11", "anyio", "certifi", "msgspec"),
    *("jupyterlab", "jupyterlab_server", "notebook", "notebook_shim", "nbclassic", "jupyter_collaboration"),
    *("jupyterhub", "jupyter_server_terminals", "jupyter_lsp", "ipykernel", "ipython", "papermill"),
    *("modelarts", "huaweicloudsdkcore"),
)
"""What a stop, a page or a cell depends on, where it is installed."""

_MATTERS = re.compile(
    r"INSTANCE_ID|PROJECT_ID|HOSTNAME|VIRTUAL_ENV|CONDA_PREFIX|PYTHONPATH|HOME|NB_USER|USER|TZ|LANG|LANGUAGE|LC_ALL"
    r"|LC_MESSAGES|SSL_CERT_FILE|SSL_CERT_DIR|(?:MODELARTS|MA|HUAWEICLOUD|HC|JUPYTER|JUPYTERHUB)_[A-Z0-9_]{1,48}"
    r"|(?i:https?_proxy|all_proxy|no_proxy)"
)
_PUBLIC = re.compile(r"TZ|LANG|LANGUAGE|LC_.*|MODELARTS_REGION")
"""Variables whose values name nobody."""

_PUBLIC_ENDPOINT = re.compile(r"https://modelarts\.[a-z0-9-]+\.myhuaweicloud\.(?:com|cn)/?")

_VERSION = re.compile(r"[0-9A-Za-z.+!_-]{1,40}")


class Diagnostics(msgspec.Struct, frozen=True, kw_only=True):
    """What a process tells of itself; names, ids, addresses and secrets are replaced.

    Attributes
    ----------
    versions
        Of Python, the platform and the packages.
    variables
        Names of the environment variables that are set and matter.
    answers
        What the service answered last.
    log
        The last lines that this extension has logged.
    """

    versions: Dict[str, str]
    variables: List[str]
    answers: List[ResponseSummary] = []
    log: List[str] = []


def find_versions() -> Dict[str, str]:
    """Return the versions of Python, the platform and the packages; it reads many files."""
    found = {
        "python": f"{platform.python_version()} ({platform.python_implementation()})",
        "platform": platform.platform(terse=True),
        "machine": platform.machine(),
    }
    for name in PACKAGES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            version = metadata.version(name)
            found[name] = version if version and _VERSION.fullmatch(version) else "of another form"
    return found


def variables_of(environ: Mapping[str, str], secrets: Iterable[str]) -> List[str]:
    """Return the names of the variables that are set and matter, and of no other."""
    secrets = tuple(secrets)
    names = sorted(name for name, value in environ.items() if value and _MATTERS.fullmatch(name))
    # A name that this package knows may be a part of a secret by accident.
    return [name for name in names if name.isalpha() or not any(reveals_secret(name, [each], 12) for each in secrets)]


def pseudonyms_of(connection: Connection) -> Pseudonyms:
    """Return what replaces all that this process knows and others should not."""
    environ = connection.environ
    pseudonyms = Pseudonyms(connection.secrets())
    region = ""
    with contextlib.suppress(Exception):
        identity = connection.identity
        region = identity.region.value if identity.region else ""
        pseudonyms.add(identity.instance_id.value, "instance-id")
        pseudonyms.add(identity.project_id.value if identity.project_id else None, "project-id")
    for name, value in sorted(environ.items()):
        public = _PUBLIC.fullmatch(name) or _PUBLIC_ENDPOINT.fullmatch(value.strip())
        if _MATTERS.fullmatch(name) and not public:
            pseudonyms.add(value, f"value of {name}")
            if "://" in value:
                with contextlib.suppress(ValueError):
                    pseudonyms.add(urlsplit(value).hostname, f"host of {name}")
    pseudonyms.add(os.path.expanduser("~"), "home")
    pseudonyms.add(platform.node(), "hostname")
    for response in connection.last_responses:
        for path, text in response.texts:
            # Where the instance runs is no secret, and matters.
            if text.reveal() not in region:
                pseudonyms.add(text.reveal(), f"text of {path}")
    return pseudonyms


def collect(
    connection: Connection, versions: Dict[str, str], log: Iterable[str], pseudonyms: Pseudonyms
) -> Diagnostics:
    """Return what this process tells of itself.

    Parameters
    ----------
    connection
        Knows the environment and what the service answered.
    versions
        As `find_versions` has found them.
    log
        The last lines of the log, as they are.
    """
    return Diagnostics(
        versions={name: pseudonyms(version) for name, version in versions.items()},
        variables=variables_of(connection.environ, pseudonyms.secrets),
        answers=[response.summary for response in connection.last_responses],
        log=[pseudonyms(line) for line in log],
    )
