"""The dry run: everything a stop needs is looked at, and nothing is stopped."""

from __future__ import annotations

import asyncio
from typing import List, NamedTuple, Optional

import httpx

from ..client import MAX_CLOCK_SKEW, clock_skew
from ..config import NotebookStop
from ..errors import NotebookStopError
from ..transport import probe
from ..view import Problem, problem_of
from .moments import Check, Report
from .stopping import Wish, delay_of
from .surroundings import Surroundings, look_around, warnings

PROBE_LIMIT = 10.0
"""Longest wait for the endpoint, in seconds."""

_NOT_CHECKED = "not checked, because of what failed above"


class _Probe(NamedTuple):
    """What a request without credentials found."""

    answered: bool = False
    skew: Optional[float] = None
    failure: Optional[str] = None


async def dry_run(config: NotebookStop, wish: Wish) -> Report:
    """Return what a stop would do, and whether it could.

    Parameters
    ----------
    config
        How to find the instance.
    wish
        How the stop would be wanted.
    """
    try:
        async with look_around(config) as around:
            return await _look(around, wish)
    except NotebookStopError as error:
        names = ("credentials", "endpoint", "permission to read", "clock", "Jupyter server")
        checks = [Check(name="identity", ok=False, detail=error.message, remedy=error.remedy)]
        return Report(checks=checks + [Check(name=name, ok=None, detail=_NOT_CHECKED) for name in names])


async def _look(around: Surroundings, wish: Wish) -> Report:
    checks = [await _permission(around)]
    checks.insert(0, _credentials(around, checks[0]))
    probe = await _probe(_endpoint(around))
    checks.insert(1, _reached(around, probe))
    checks += [_untried(), _clock(probe), _server(around)]
    return Report(
        checks=[_identity(around), *checks],
        plan=_plan(around, wish) if all(check.ok is not False for check in checks) else [],
    )


def _who(around: Surroundings) -> str:
    return "the Jupyter server's, from" if around.helper else "from"


def _identity(around: Surroundings) -> Check:
    if around.helper and around.helper.instance:
        seen = around.helper.instance
        sources = seen.sources
        values = {"project_id": seen.project_id, "region": seen.region}
    else:
        identity = around.this.identity
        sources = identity.sources()
        parts = {"project_id": identity.project_id, "region": identity.region}
        values = {name: part.value if part else None for name, part in parts.items()}
    detail = [f"instance {around.instance_id} (from {sources.get('id', 'the Jupyter server')})"]
    detail += [
        f"{name.replace('_id', '')} {value} (from {sources.get(name, 'elsewhere')})"
        for name, value in values.items()
        if value
    ]
    return Check(name="identity", ok=True, detail="; ".join(detail))


async def _permission(around: Surroundings) -> Check:
    name, problem = "permission to read", await _read_problem(around)
    if problem is None:
        seen = (around.helper and around.helper.instance) or around.as_seen()
        return Check(name=name, ok=True, detail=f"{seen.name or 'the instance'} is {seen.status}")
    return Check(name=name, ok=False, detail=f"{problem.message} [{problem.code}]", remedy=problem.remedy)


async def _read_problem(around: Surroundings) -> Problem | None:
    if around.helper and around.helper.instance:
        return around.helper.instance.error
    try:
        await around.this.show()
    except NotebookStopError as error:
        return problem_of(error)
    return None


def _credentials(around: Surroundings, permission: Check) -> Check:
    if around.helper and around.helper.instance:
        source = around.helper.instance.sources.get("credentials")
    else:
        source = around.this.credentials_source
    if source:
        return Check(name="credentials", ok=True, detail=f"{_who(around)} {source}")
    return Check(name="credentials", ok=False, detail="none found", remedy=permission.remedy)


def _endpoint(around: Surroundings) -> str | None:
    if around.helper and around.helper.instance:
        return around.helper.instance.endpoint
    found = around.this.identity.endpoint
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


def _reached(around: Surroundings, probe: _Probe) -> Check:
    endpoint = _endpoint(around)
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


def _server(around: Surroundings) -> Check:
    name, server = "Jupyter server", around.server
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


def _plan(around: Surroundings, wish: Wish) -> List[str]:
    delay = delay_of(wish, around)
    plan = [f"Warn: {warning}" for warning in warnings(around, wish.save)]
    plan.append(f"Count down {delay:g} s, while an interrupt cancels." if delay else "No countdown.")
    if around.helper and wish.save:
        plan.append(f"Have every open tab of {around.helper.address.url} save; one that can't cancels the stop.")
    by = "Have the Jupyter server ask the cloud" if around.helper else "Ask the cloud"
    plan.append(f"{by} to stop instance {around.instance_id}.")
    plan.append("Follow it to its end." if wish.wait else "Return as soon as the stop is accepted.")
    return plan
