"""A stop that comes later, from a cell or a terminal: the Jupyter server of the instance carries it out."""

from __future__ import annotations

import asyncio
from typing import List, Literal, Optional

import msgspec

from ..config import NotebookStop
from ..errors import NotebookStopError, OutcomeUnknownError
from ..requests import ScheduleRequest
from ..schema import Schedule, ScheduleResponse
from ..translation import _, gettext, process_language, sentences
from . import progress
from .discovery import NOT_INSTALLED, Server
from .environment import Environment, detect_environment
from .local_api import LocalApi, LostServerError
from .options import ScheduleOptions
from .progress import ProgressUpdate, Show

NO_SERVER = "no_schedule_server"
"""The code of the error where no server can stop the instance later."""

_INSTEAD = _(
    "Call stop() in the last cell or at the end of the script, run `jupyter notebook-stop stop --yes` after it, or set"
    " the automatic stop of the instance in the console."
)

_FINISH_TIMEOUT = 5.0
"""Longest wait, after an interrupt, for the response to a request that may have been sent, in seconds."""

_LOOK = _("scheduled_stop() or `jupyter notebook-stop schedule`")
_CANCEL = _("cancel_scheduled_stop() or `jupyter notebook-stop schedule --cancel`")


async def set_schedule(config: NotebookStop, options: ScheduleOptions, show: Show) -> ScheduleResponse:
    """Have the Jupyter server of this instance stop it later, in place of the stop that is scheduled there.

    Parameters
    ----------
    config
        How to find the instance.
    options
        When to stop it.
    show
        Called with what an interrupt has come to.

    Raises
    ------
    NotebookStopError
        When nothing was scheduled, or that is not known.
    """
    async with detect_environment(config) as environment:
        server, *others = _servers(environment)
        request = ScheduleRequest(
            instance_id=environment.instance_id,
            when=options.when,
            at=options.at,
            grace=options.grace,
            source=environment.source,
        )
        async with LocalApi(server.address) as api:
            setting = asyncio.ensure_future(_call(api, "PUT", request))
            try:
                response = await asyncio.shield(setting)
            except asyncio.CancelledError:
                await asyncio.wait({setting}, timeout=_FINISH_TIMEOUT)
                show(ProgressUpdate(kind=progress.FAILED, title=_interrupted(setting)))
                setting.cancel()
                raise
        # A stop that another server has scheduled would come all the same.
        for other in others:
            if other.instance and other.instance.schedule:
                response = msgspec.structs.replace(
                    response, replaced=await _cancel_elsewhere(other) or response.replaced
                )
        return response


async def _cancel_elsewhere(server: Server) -> Optional[Schedule]:
    async with LocalApi(server.address) as api:
        try:
            return (await _call(api, "DELETE")).replaced
        except NotebookStopError as error:
            error.message = _(
                "The stop is scheduled, but an earlier one at {url} was not cancelled: {message}",
                url=server.address.url,
                message=error.message,
            )
            raise


def _interrupted(setting: asyncio.Future[ScheduleResponse]) -> str:
    if not setting.done():
        return gettext("Could not confirm whether the stop was scheduled. Check with {command}.", command=_LOOK)
    error = setting.exception()
    if isinstance(error, NotebookStopError):
        error.localize(process_language())
    if error:
        return str(error)
    return gettext("Too late to interrupt: the stop is scheduled. Cancel it with {command}.", command=_CANCEL)


async def show_schedule(config: NotebookStop) -> ScheduleResponse:
    """Return what is scheduled, at whatever Jupyter server of this instance.

    Raises
    ------
    NotebookStopError
        When no server can stop the instance later, or one cannot be asked.
    """
    async with detect_environment(config) as environment:
        responses = await _ask_all(environment, "GET")
    return next((response for response in responses if response.schedule), responses[0])


async def cancel_schedule(config: NotebookStop) -> ScheduleResponse:
    """Cancel what is scheduled, at every Jupyter server of this instance; `replaced` is what was cancelled.

    Raises
    ------
    NotebookStopError
        When no server can stop the instance later, or one has not cancelled.
    """
    async with detect_environment(config) as environment:
        responses = await _ask_all(environment, "DELETE")
    return next((response for response in responses if response.replaced), responses[0])


def made(response: ScheduleResponse) -> Schedule:
    """Return the schedule that was made.

    Raises
    ------
    NotebookStopError
        When the server has not returned it.
    """
    if response.schedule is None:
        raise NotebookStopError(_("The Jupyter server did not schedule the stop."), code="bad_server_answer")
    return response.schedule


def cancelled(response: ScheduleResponse) -> Optional[Schedule]:
    """Return what was cancelled, marked as such."""
    return msgspec.structs.replace(response.replaced, state="cancelled", due_at=None) if response.replaced else None


async def _ask_all(environment: Environment, method: Literal["GET", "DELETE"]) -> List[ScheduleResponse]:
    """Return the response of each server that can stop the instance later; there is at least one."""
    responses: List[ScheduleResponse] = []
    errors: List[NotebookStopError] = []
    for server in _servers(environment):
        async with LocalApi(server.address) as api:
            try:
                responses.append(await _call(api, method))
            except NotebookStopError as error:
                errors.append(error)
    serious = [error for error in errors if error.code != NO_SERVER or not responses]
    if serious:
        raise serious[0]
    return responses


async def _call(
    api: LocalApi, method: Literal["GET", "PUT", "DELETE"], request: Optional[ScheduleRequest] = None
) -> ScheduleResponse:
    try:
        return await api.schedule(method, request)
    except LostServerError as error:
        if not error.connected or method == "GET":
            raise
        doubt = (
            _("Could not confirm whether the stop was scheduled.")
            if method == "PUT"
            else _("Could not confirm whether the stop was cancelled.")
        )
        raise OutcomeUnknownError(
            sentences(error.message, doubt),
            remedy=_("Check with {command} when the server responds again.", command=_LOOK),
        ) from None
    except NotebookStopError as error:
        if error.code not in ("http_404", "http_405"):
            raise
        raise NotebookStopError(
            _(
                "The version of jupyter_notebook_stop on the Jupyter server at {url} is too old to schedule a stop.",
                url=api.address.url,
            ),
            code=NO_SERVER,
            remedy=_("Update it there and restart the server. Until then: {instead}", instead=_INSTEAD),
        ) from None


def _servers(environment: Environment) -> List[Server]:
    """Return the servers that may stop the instance later, the best first.

    Raises
    ------
    NotebookStopError
        When there is none.
    """
    found = [server for server in environment.servers if server.instance]
    if found:
        return found
    obstacles = [
        _("The server at {url} cannot: {reason}.", url=url, reason=why)
        for url, why in environment.unsaved_servers.items()
    ]
    install = NOT_INSTALLED in environment.unsaved_servers.values()
    only = _(
        "Only a Jupyter server with jupyter_notebook_stop can stop this instance later, and no such server was found"
        " here."
    )
    remedy = _INSTEAD
    if install:
        remedy = _(
            "Install jupyter_notebook_stop in the environment that JupyterLab runs in. Until then: {instead}",
            instead=_INSTEAD,
        )
    raise NotebookStopError(sentences(only, *obstacles), code=NO_SERVER, remedy=remedy)
