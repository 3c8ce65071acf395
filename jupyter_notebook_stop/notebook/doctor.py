"""The dry run: everything a stop needs is looked at, and nothing is stopped."""

from __future__ import annotations

import asyncio
from typing import List, NamedTuple, Optional

import httpx

from ..config import NotebookStop
from ..errors import NotebookStopError
from ..modelarts.client import MAX_CLOCK_SKEW, clock_skew
from ..modelarts.transport import probe
from ..schema import Problem
from ..views import problem_of
from .environment import Environment, detect_environment, warnings
from .progress import Check, Report
from .stop import StopOptions, delay_of

PROBE_LIMIT = 10.0
"""Longest wait for the endpoint, in seconds."""

_NOT_CHECKED = "not checked, because of what failed above"


class _Probe(NamedTuple):
    """What a request without credentials found."""

    answered: bool = False
    skew: Optional[float] = None
    failure: Optional[str] = None


async def dry_run(config: NotebookStop, options: StopOptions) -> Report:
    """Return what a stop would do, and whether it could.

    Parameters
    ----------
    config
        How to find the instance.
    options
        How the stop would be wanted.
    """
    try:
        async with detect_environment(config) as environment:
            return await _look(environment, options)
    except NotebookStopError as error:
        names = ("credentials", "endpoint", "permission to read", "clock", "Jupyter server")
        checks = [Check(name="identity", ok=False, detail=error.message, remedy=error.remedy)]
        return Report(checks=checks + [Check(name=name, ok=None, detail=_NOT_CHECKED) for name in names])


async def _look(environment: Environment, options: StopOptions) -> Report:
    checks = [await _permission(environment)]
    checks.insert(0, _credentials(environment, checks[0]))
    probe = await _probe(_endpoint(environment))
    checks.insert(1, _reached(environment, probe))
    checks += [_untried(), _clock(probe), _server(environment)]
    return Report(
        checks=[_identity(environment), *checks],
        plan=_plan(environment, options) if all(check.ok is not False for check in checks) else [],
    )


def _who(environment: Environment) -> str:
    return "the Jupyter server's, from" if environment.saving_server else "from"


def _identity(environment: Environment) -> Check:
    if environment.saving_server and environment.saving_server.instance:
        seen = environment.saving_server.instance
        sources = seen.sources
        values = {"project_id": seen.project_id, "region": seen.region}
    else:
        identity = environment.this.identity
        sources = identity.sources()
        parts = {"project_id": identity.project_id, "region": identity.region}
        values = {name: part.value if part else None for name, part in parts.items()}
    detail = [f"instance {environment.instance_id} (from {sources.get('id', 'the Jupyter server')})"]
    detail += [
        f"{name.replace('_id', '')} {value} (from {sources.get(name, 'elsewhere')})"
        for name, value in values.items()
        if value
    ]
    return Check(name="identity", ok=True, detail="; ".join(detail))


async def _permission(environment: Environment) -> Check:
    name, problem = "permission to read", await _read_problem(environment)
    if problem is None:
        seen = (environment.saving_server and environment.saving_server.instance) or environment.as_seen()
        return Check(name=name, ok=True, detail=f"{seen.name or 'the instance'} is {seen.status}")
    return Check(name=name, ok=False, detail=f"{problem.message} [{problem.code}]", remedy=problem.remedy)


async def _read_problem(environment: Environment) -> Problem | None:
    if environment.saving_server and environment.saving_server.instance:
        return environment.saving_server.instance.error
    try:
        await environment.this.show()
    except NotebookStopError as error:
        return problem_of(error)
    return None


def _credentials(environment: Environment, permission: Check) -> Check:
    if environment.saving_server and environment.saving_server.instance:
        source = environment.saving_server.instance.sources.get("credentials")
    else:
        source = environment.this.credentials_source
    if source:
        return Check(name="credentials", ok=True, detail=f"{_who(environment)} {source}")
    return Check(name="credentials", ok=False, detail="none found", remedy=permission.remedy)


def _endpoint(environment: Environment) -> str | None:
    if environment.saving_server and environment.saving_server.instance:
        return environment.saving_server.instance.endpoint
    found = environment.this.identity.endpoint
    return found.value if found else None


async def _probe(endpoint: str | None) -> _Probe:
    if endpoint is None:
        return _Probe(failure="it is not known")
    try:
        headers = await asyncio.wait_for(probe(endpoint, httpx.create_ssl_context(), PROBE_LIMIT), PROBE_LIMIT)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, ImportError, OSError, asyncio.TimeoutError) as error:
        # The text may hold the proxy's password.
        return _Probe(failure=type(error).__name__)
    return _Probe(answered=True, skew=clock_skew(headers.get("date")))


def _reached(environment: Environment, probe: _Probe) -> Check:
    endpoint = _endpoint(environment)
    if probe.answered:
        return Check(name="endpoint", ok=True, detail=f"{endpoint} answers")
    return Check(
        name="endpoint",
        ok=False,
        detail=f"{endpoint or 'unknown'} can't be reached: {probe.failure}",
        remedy="Check region, endpoint and https_proxy; an instance of network type FORBIDDEN can't reach it.",
    )


def _untried() -> Check:
    detail = "can't be tried without stopping; it takes modelarts:notebook:stop, which the basic agency does not have"
    return Check(name="permission to stop", ok=None, detail=detail)


def _clock(probe: _Probe) -> Check:
    if probe.skew is None:
        return Check(name="clock", ok=None, detail="not checked: no time came from the endpoint")
    seconds = abs(round(probe.skew))
    if seconds < MAX_CLOCK_SKEW:
        return Check(name="clock", ok=True, detail=f"{seconds} s off; a signature allows {MAX_CLOCK_SKEW} s")
    side = "behind" if probe.skew > 0 else "ahead"
    return Check(name="clock", ok=False, detail=f"{seconds} s {side}", remedy="Set the clock of this machine.")


def _server(environment: Environment) -> Check:
    name, server = "Jupyter server", environment.server
    if server is None:
        return Check(name=name, ok=None, detail="none found: a stop asks the cloud directly, open tabs are not saved")
    if server.instance:
        return Check(name=name, ok=True, detail=f"{server.address.url} saves open tabs before a stop")
    return Check(
        name=name,
        ok=None,
        detail=f"{server.address.url} can't save open tabs: {server.obstacle}",
        remedy="Install jupyter_notebook_stop in the environment that JupyterLab runs from, and restart it.",
    )


def _plan(environment: Environment, options: StopOptions) -> List[str]:
    delay = delay_of(options, environment)
    plan = [f"Warn: {warning}" for warning in warnings(environment, options.save)]
    plan.append(f"Count down {delay:g} s, while an interrupt cancels." if delay else "No countdown.")
    if environment.saving_server and options.save:
        plan.append(
            f"Have every open tab of {environment.saving_server.address.url} save; one that can't cancels the stop."
        )
    by = "Have the Jupyter server ask the cloud" if environment.saving_server else "Ask the cloud"
    plan.append(f"{by} to stop instance {environment.instance_id}.")
    plan.append("Follow it to its end." if options.wait else "Return as soon as the stop is accepted.")
    return plan
