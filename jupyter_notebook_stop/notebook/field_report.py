"""The report that a user sends to the maintainers: what differs here from what is documented, and nothing secret."""

from __future__ import annotations

import datetime
from typing import List, NamedTuple, Optional, Sequence

import msgspec

from ..config import NotebookStop
from ..errors import IdentityError, NotebookStopError
from ..modelarts.connection import Connection
from ..modelarts.shapes import text_of_code, text_of_value
from ..modelarts.threads import call_in_thread
from ..policy.diagnostics import Diagnostics, collect, find_versions, pseudonyms_of
from ..policy.instance import ThisInstance
from ..pseudonyms import Pseudonyms
from ..redaction import one_line
from ..schema import Instance
from .discovery import Server, find_servers
from .doctor import check_all, unknown_instance
from .environment import detect_environment
from .local_api import PREFIX, LocalApi
from .options import StopOptions
from .progress import Check, Report

VERSIONS_TIMEOUT = 30.0
MAX_SERVERS = 5
MAX_LINES = 1500

READ = "permission to read"
"""The check that has a text of the service in it."""

_MARKS = {True: "ok", False: "FAILED", None: "note"}

_IDENTITY = (("instance", "id"), ("project", "project_id"), ("region", "region"), ("endpoint", "endpoint"))


class ServerPart(NamedTuple):
    """What a Jupyter server has told of itself, or why it has not."""

    diagnostics: Optional[Diagnostics] = None
    obstacle: str = ""


async def field_report(config: NotebookStop) -> str:
    """Return the report on this process, its instance and its Jupyter servers. Nothing is stopped."""
    this, versions = ThisInstance(Connection(config)), await call_in_thread(find_versions, VERSIONS_TIMEOUT)
    try:
        instance: Instance | None = None
        try:
            async with detect_environment(config) as environment:
                servers = environment.servers
                instance = await environment.read()
                # The server's client has read the instance, not this process's: which may do so as well, or may not.
                checks = await check_all(environment, StopOptions(), instance)
                parts = [await _ask(server) for server in servers[:MAX_SERVERS]]
                if not any(part.diagnostics and part.diagnostics.answers for part in parts):
                    await _read(environment.this)
                connection = environment.this.connection
                text = _compose(connection, versions, instance, checks, servers, parts)
        except NotebookStopError as error:
            servers = await _servers()
            checks = unknown_instance(error)
            parts = [await _ask(server) for server in servers[:MAX_SERVERS]]
            text = _compose(this.connection, versions, instance, checks, servers, parts)
    finally:
        await this.aclose()
    return text


async def _servers() -> List[Server]:
    try:
        return await find_servers(None, None)
    except IdentityError:
        return []


async def _read(this: ThisInstance) -> None:
    """Read the instance once, for the shape of the response alone."""
    try:
        await this.show()
    except NotebookStopError:
        # The checks tell why.
        return


async def _ask(server: Server) -> ServerPart:
    """Return what a server tells of itself."""
    try:
        async with LocalApi(server.address) as api:
            response = await api.get(f"{PREFIX}report")
    except NotebookStopError as error:
        return ServerPart(obstacle=error.code)
    if response.status_code != 200:
        return ServerPart(obstacle=f"HTTP {response.status_code}")
    try:
        return ServerPart(msgspec.json.decode(response.content, type=Diagnostics))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ServerPart(obstacle="its answer is invalid")


def _compose(
    connection: Connection,
    versions: dict[str, str],
    instance: Instance | None,
    report: Report,
    servers: Sequence[Server],
    parts: Sequence[ServerPart],
) -> str:
    pseudonyms = _pseudonyms(connection, instance, servers)
    own = collect(connection, versions, (), pseudonyms)
    lines = [
        "# Report of jupyter notebook-stop doctor",
        "",
        "Names, ids, addresses and values are replaced by <placeholders>. Read it before you send it.",
        f"Made {datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d %H:%M} UTC.",
        *_section("Identity", _identity(instance)),
        *_section("Checks", [line for check in report.checks for line in _check(check, instance, pseudonyms)]),
        *_diagnostics("This process", own),
    ]
    for number, part in enumerate(parts, 1):
        name = f"Jupyter server {number}"
        if part.diagnostics is None:
            lines += _section(name, [f"told nothing of itself: {part.obstacle}"])
        else:
            lines += _diagnostics(name, part.diagnostics)
    # What a server has sent goes through the same net once more.
    shown = [line if not line or line.startswith("#") else _last(line, pseudonyms) for line in lines]
    return "\n".join(shown[:MAX_LINES]) + "\n"


def _last(line: str, pseudonyms: Pseudonyms) -> str:
    indent = len(line) - len(line.lstrip())
    return " " * min(indent, 4) + pseudonyms(line)


def _pseudonyms(connection: Connection, instance: Instance | None, servers: Sequence[Server]) -> Pseudonyms:
    pseudonyms = pseudonyms_of(connection)
    for number, server in enumerate(servers, 1):
        pseudonyms.secrets |= {server.address.token} - {""}
        pseudonyms.add(server.address.url, f"server-{number}")
        pseudonyms.add(server.address.sock, f"socket-{number}")
    if instance is not None:
        pseudonyms.add(instance.id, "instance-id")
        pseudonyms.add(instance.project_id, "project-id")
        pseudonyms.add(instance.name, "instance-name")
        if instance.endpoint and instance.region and instance.region not in instance.endpoint:
            pseudonyms.add(instance.endpoint, "endpoint")
        for kernel in instance.at_risk.kernels:
            pseudonyms.add(kernel.path, "notebook")
        if instance.attempt:
            pseudonyms.add(instance.attempt.user, "user")
            pseudonyms.add(instance.attempt.username, "user")
    return pseudonyms


def _identity(instance: Instance | None) -> List[str]:
    if instance is None:
        return ["not known"]
    values = {"instance": instance.id, "project": instance.project_id, "region": instance.region}
    values["endpoint"] = instance.endpoint
    found = [
        f"{label}: {one_line(values[label] or '')} (from {instance.sources.get(key, 'an unknown source')})"
        for label, key in _IDENTITY
        if values[label]
    ]
    source = instance.sources.get("credentials")
    return [*found, f"credentials: from {source}" if source else "credentials: none found"]


def _check(check: Check, instance: Instance | None, pseudonyms: Pseudonyms) -> List[str]:
    error = instance.error if instance else None
    if check.name == READ and instance is not None and check.ok:
        status = text_of_value("status", instance.status or "", pseudonyms.secrets) or "of another form"
        check = msgspec.structs.replace(check, detail=f"the status is {status}")
    elif error is not None and error.upstream_status is not None and check.name == READ:
        # The text is the service's, and may name accounts.
        code = text_of_code(error.code, pseudonyms.secrets)
        detail = f"{error.kind or 'refused'} [{code}, HTTP {error.upstream_status}]"
        check = msgspec.structs.replace(check, detail=detail)
    # In English, whoever reads the checks on a screen: the maintainers read this.
    lines = [f"[{_MARKS[check.ok]}] {check.name}: {check.detail}"]
    return [*lines, f"  remedy: {check.remedy}"] if check.remedy else lines


def _diagnostics(name: str, found: Diagnostics) -> List[str]:
    lines = _section(f"{name}: versions", [f"{package} {version}" for package, version in found.versions.items()])
    variables = ", ".join(found.variables) or "none that matters"
    lines += _section(f"{name}: environment variables that are set", [variables])
    responses: List[str] = []
    for each in reversed(found.answers):
        about = f"{each.media_type}; headers: {', '.join(each.headers) or 'none that matters'}"
        responses += [f"{each.operation}: HTTP {each.status}, {about}", *(f"  {line}" for line in each.fields)]
    lines += _section(f"{name}: last answers of the service, the latest first", responses or ["none"])
    return lines + (_section(f"{name}: last log lines", found.log) if found.log else [])


def _section(title: str, lines: Sequence[str]) -> List[str]:
    return ["", f"## {title}", "", *lines]
