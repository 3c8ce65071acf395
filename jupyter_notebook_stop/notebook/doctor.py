"""The dry run: checks everything that a stop needs, and stops nothing."""

from __future__ import annotations

import asyncio
from typing import List, NamedTuple, Optional

import msgspec

from ..config import NotebookStop
from ..errors import NotebookStopError
from ..modelarts.http_library import httpx
from ..modelarts.probe import probe
from ..modelarts.threads import call_in_thread
from ..modelarts.time_headers import MAX_CLOCK_SKEW, clock_skew
from ..modelarts.tls import create_context
from ..schema import Instance
from ..translation import _
from .discovery import NOT_INSTALLED, Server
from .environment import Environment, detect_environment
from .options import StopOptions, countdown_seconds
from .progress import Check, Report
from .stop_warnings import stop_warnings

PROBE_TIMEOUT = 10.0
"""Longest wait for the endpoint, in seconds."""


_INSTALL = _("Install jupyter_notebook_stop in the environment that JupyterLab runs in, then restart JupyterLab.")


class _Probe(NamedTuple):
    """What a request without credentials found: why it failed, or by how many seconds the clock is behind."""

    failure: Optional[str] = None
    skew: Optional[float] = None


async def dry_run(config: NotebookStop, options: StopOptions) -> Report:
    """Return what a stop would do, and whether it would work.

    Parameters
    ----------
    config
        How to find the instance.
    options
        How it would be stopped.
    """
    try:
        async with detect_environment(config) as environment:
            return await check_all(environment, options, await environment.read())
    except NotebookStopError as error:
        return unknown_instance(error)


def unknown_instance(error: NotebookStopError) -> Report:
    """Return the report where it is not known which instance this is."""
    names = (_("credentials"), _("endpoint"), _("permission to read"), _("clock"), _("Jupyter server"))
    checks = [Check(name=_("identity"), ok=False, detail=error.message, remedy=error.remedy)]
    skipped = _("not checked because the instance is not known")
    return Report(checks=checks + [Check(name=name, ok=None, detail=skipped) for name in names])


async def check_all(environment: Environment, options: StopOptions, instance: Instance) -> Report:
    """Return what a stop would do, and whether it would work."""
    found = await _probe(instance.endpoint)
    checks = [
        _identity(instance),
        _credentials(instance, environment.saving_server),
        _endpoint(instance.endpoint, found),
        _permission_to_read(instance),
        _permission_to_stop(),
        _clock(found),
        *_servers(environment),
    ]
    report = Report(checks=checks)
    return msgspec.structs.replace(report, plan=_plan(environment, options)) if report.ok else report


async def _probe(endpoint: str | None) -> _Probe:
    if endpoint is None:
        return _Probe(_("no endpoint is known"))
    try:
        # Making a TLS context takes longer than an event loop may be blocked.
        verify = await call_in_thread(create_context, PROBE_TIMEOUT)
        headers = await asyncio.wait_for(probe(endpoint, verify, PROBE_TIMEOUT), PROBE_TIMEOUT)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, ImportError, OSError, asyncio.TimeoutError) as error:
        # The text of the error may contain the proxy's password.
        return _Probe(_("cannot reach {endpoint} ({name})", endpoint=endpoint, name=type(error).__name__))
    return _Probe(skew=clock_skew(headers.get("date")))


def _identity(instance: Instance) -> Check:
    source = instance.sources.get("id", _("the Jupyter server"))
    parts = [_("instance {id} (from {source})", id=instance.id, source=source)]
    for label, key, value in (
        (_("project"), "project_id", instance.project_id),
        (_("region"), "region", instance.region),
    ):
        if value:
            origin = instance.sources.get(key, _("an unknown source"))
            parts.append(_("{label} {value} (from {source})", label=label, value=value, source=origin))
    return Check(name=_("identity"), ok=True, detail=_("; ").join(parts))


def _credentials(instance: Instance, server: Server | None) -> Check:
    source = instance.sources.get("credentials")
    if source is None:
        remedy = instance.error.remedy if instance.error else None
        return Check(name=_("credentials"), ok=False, detail=_("none found"), remedy=remedy)
    detail = _("the Jupyter server's, from {source}", source=source) if server else _("from {source}", source=source)
    return Check(name=_("credentials"), ok=True, detail=detail)


def _endpoint(endpoint: str | None, found: _Probe) -> Check:
    if found.failure is None:
        return Check(name=_("endpoint"), ok=True, detail=_("{endpoint} responds", endpoint=endpoint))
    return Check(
        name=_("endpoint"),
        ok=False,
        detail=found.failure,
        remedy=_(
            "Check the region, the endpoint and https_proxy. An instance of network type FORBIDDEN cannot reach it."
        ),
    )


def _permission_to_read(instance: Instance) -> Check:
    name, error = _("permission to read"), instance.error
    if error is None:
        return Check(
            name=name,
            ok=True,
            detail=_("{name} is {status}", name=instance.name or _("the instance"), status=instance.status),
        )
    return Check(
        name=name, ok=False, detail=_("{message} [{code}]", message=error.message, code=error.code), remedy=error.remedy
    )


def _permission_to_stop() -> Check:
    detail = _("only a stop can check it; it needs modelarts:notebook:stop, which the basic agency does not include")
    return Check(name=_("permission to stop"), ok=None, detail=detail)


def _clock(found: _Probe) -> Check:
    if found.skew is None:
        return Check(name=_("clock"), ok=None, detail=_("not checked because the endpoint sent no time"))
    seconds = abs(round(found.skew))
    if seconds < MAX_CLOCK_SKEW:
        return Check(
            name=_("clock"),
            ok=True,
            detail=_(
                "{seconds} s off; up to {max_clock_skew} s are accepted", seconds=seconds, max_clock_skew=MAX_CLOCK_SKEW
            ),
        )
    return Check(
        name=_("clock"),
        ok=False,
        detail=_("{seconds} s behind", seconds=seconds) if found.skew > 0 else _("{seconds} s ahead", seconds=seconds),
        remedy=_("Set the clock of this machine."),
    )


def _servers(environment: Environment) -> List[Check]:
    name, saving = _("Jupyter server"), environment.saving_server
    if not environment.servers:
        detail = _("none found; the stop is requested directly, and open tabs are not saved")
        return [Check(name=name, ok=None, detail=detail)]
    checks = []
    if saving:
        checks.append(
            Check(name=name, ok=True, detail=_("{url} saves open tabs before a stop", url=saving.address.url))
        )
    for url, obstacle in environment.unsaved_servers.items():
        remedy = _INSTALL if obstacle == NOT_INSTALLED else _("Save in each of its open tabs before you stop.")
        checks.append(
            Check(
                name=name,
                ok=None,
                detail=_("{url} cannot save open tabs: {obstacle}", url=url, obstacle=obstacle),
                remedy=remedy,
            )
        )
    return checks


def _plan(environment: Environment, options: StopOptions) -> List[str]:
    delay, server = countdown_seconds(options, environment), environment.saving_server
    plan: List[str] = [_("Warn: {warning}", warning=warning) for warning in stop_warnings(environment, options.save)]
    plan.append(
        _("Count down {delay:g} s; an interrupt cancels the stop.", delay=delay) if delay else _("Skip the countdown.")
    )
    if server and options.save:
        plan.append(
            _("Save every open tab of {url}. If one cannot be saved, the stop is cancelled.", url=server.address.url)
        )
    if server:
        plan.append(_("Request the stop of instance {id} through the Jupyter server.", id=environment.instance_id))
    else:
        plan.append(_("Request the stop of instance {id} from the cloud.", id=environment.instance_id))
    plan.append(
        _("Wait until the instance has stopped.") if options.wait else _("Return as soon as the stop is accepted.")
    )
    return plan
