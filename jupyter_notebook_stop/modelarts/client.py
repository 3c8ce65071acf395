"""The notebook API over one shared httpx.AsyncClient: show and stop, with what can go wrong on the way.

Reads are repeated when the service is busy or the connection fails. A stop is
repeated only if it was not sent at all, or if the response asks for that;
whenever it may have taken effect, the instance is read instead.
"""

from __future__ import annotations

import asyncio
import json
import random
import ssl
import time
from typing import Any, Awaitable, Callable, Mapping

from ..errors import (
    CloudError,
    CredentialsError,
    NotebookStopError,
    OutcomeUnknownError,
    PermissionDeniedError,
    StopFailedError,
)
from ..redaction import one_line, redact
from ..translation import _
from .auth import CREDENTIALS_EXTENSION, CloudAuth
from .credentials import CredentialChain, Credentials
from .error_codes import ALREADY_DONE, MAY_NOT_RENEW, error_from_response, sentence
from .last_responses import Observe
from .models import Notebook, decode
from .retries import AMBIGUOUS_STATUSES, BUSY, STOP_STATES, Retries
from .time_headers import MAX_CLOCK_SKEW, clock_remedy, clock_skew, retry_after
from .transport import NotSentError, Progress, Response, ResponseLostError, Timeouts, Transport, TransportError


class NotebooksClient:
    """Shows and stops notebook instances of one project.

    Parameters
    ----------
    endpoint, project_id
        Scheme and host, such as ``https://modelarts.cn-north-4.myhuaweicloud.com``; 32 hexadecimal digits.
    chain
        Where the credentials come from.
    context
        Details that errors should name, such as where the endpoint and the project came from.
    verify, timeouts, retries
        The TLS context, passed in since creating one takes a while; limits.
    observe, sleep
        What is called with each complete response; how to wait, for tests.
    """

    def __init__(
        self,
        *,
        endpoint: str,
        project_id: str,
        chain: CredentialChain,
        verify: ssl.SSLContext,
        context: Mapping[str, str] | None = None,
        timeouts: Timeouts = Timeouts(),  # noqa: B008
        retries: Retries = Retries(),  # noqa: B008
        observe: Observe | None = None,
        sleep: Callable[[float], Awaitable[Any]] = asyncio.sleep,
    ) -> None:
        self._base = f"/v1/{project_id}/notebooks"
        self._chain = chain
        self._auth = CloudAuth(chain, project_id)
        self._transport = Transport(endpoint, observe, auth=self._auth, verify=verify, timeouts=timeouts)
        self._context = dict(context or {})
        self._timeouts = timeouts
        self._retries = retries
        self._sleep = sleep
        self._stopping: Progress | None = None

    @property
    def stop_sent(self) -> bool:
        """Whether a stop is under way whose request may have been sent."""
        return self._stopping is not None and self._stopping.maybe_sent

    async def aclose(self) -> None:
        """Close the connections."""
        await self._transport.aclose()

    def retry_credentials(self) -> None:
        """Let the next request send the credentials, even if they were just refused: a user asks for it."""
        self._auth.retry()

    async def show(self, instance_id: str) -> Notebook:
        """Return the instance as the cloud sees it.

        Raises
        ------
        NotebookStopError
            One of its kinds, with a remedy.
        """
        return await self._request("GET", instance_id, await self._begin())

    async def stop(self, instance_id: str) -> Notebook:
        """Request the stop of the instance and return the instance as the cloud describes it.

        An instance that is stopping or stopped already is not an error. When a
        response is lost, the instance is read before anything is sent again.

        Raises
        ------
        OutcomeUnknownError
            When the stop may have taken effect and the instance cannot be read.
        NotebookStopError
            One of its other kinds when nothing was stopped.
        """
        try:
            return await self._request("POST", instance_id, await self._begin())
        finally:
            self._stopping = None

    async def renew_lease(self, instance_id: str, duration: int, kind: str) -> None:
        """Have the platform stop the instance automatically in `duration` milliseconds from now.

        Parameters
        ----------
        kind
            ``TIMING``, or ``IDLE`` to count from the last activity.

        Raises
        ------
        NotebookStopError
            One of its kinds, with a remedy.
        """
        path = f"{self._base}/{instance_id}/lease"
        content = json.dumps({"duration": duration, "type": kind}).encode()
        response = await self._transport.send("PATCH", path, await self._begin(), content=content)
        if not response.ok:
            error = self._error(response)
            if isinstance(error, PermissionDeniedError):
                error.remedy = MAY_NOT_RENEW
            raise error

    async def _request(self, method: str, instance_id: str, deadline: float) -> Notebook:
        """Show the instance (GET) or stop it (POST), as often as that is needed and safe."""
        path = f"{self._base}/{instance_id}" + ("/stop" if method == "POST" else "")
        error: NotebookStopError | None = None
        for attempt in range(self._retries.limit + 1):
            pause, progress = None, Progress()
            if method == "POST":
                self._stopping = progress
            try:
                response = await self._transport.send(method, path, deadline, progress)
            except TransportError as lost:
                if error is not None and isinstance(lost, NotSentError) and time.monotonic() >= deadline:
                    # An attempt that had too little time left says less than the one before.
                    raise error from None
                error = lost
            else:
                if response.ok and method == "POST":
                    return await self._accepted(instance_id, response, deadline)
                if response.ok:
                    return self._shown(instance_id, response)
                error = self._error(response)
                pause = retry_after(response.headers)
            if method == "POST":
                notebook = await self._recover(instance_id, error, pause, deadline)
                if notebook is not None:
                    return notebook
                self._stopping = None
            elif error.status not in BUSY and (not isinstance(error, TransportError) or error.final):
                raise error
            delay = min(self._retries.first * 2.0**attempt, self._retries.longest) * random.uniform(0.5, 1.0)
            delay = max(delay, pause or 0.0)
            if attempt == self._retries.limit or time.monotonic() + delay >= deadline:
                raise error
            await self._sleep(delay)
        raise AssertionError("unreachable")

    async def _recover(
        self, instance_id: str, error: NotebookStopError, pause: float | None, deadline: float
    ) -> Notebook | None:
        """Return the instance if a stop took effect all the same, None if the stop may be repeated, or raise."""
        if error.code in ALREADY_DONE and not isinstance(error, CredentialsError):
            return await self._show_or_assume(instance_id, ALREADY_DONE[error.code], deadline)
        if error.status == 503 and pause is not None:
            return await self._check_stop(instance_id, error, deadline)
        if error.status in AMBIGUOUS_STATUSES or isinstance(error, ResponseLostError):
            return await self._resolve(instance_id, error, deadline)
        if error.status == 429 or (isinstance(error, NotSentError) and not error.final):
            return None
        raise error

    async def _show_or_assume(self, instance_id: str, status: str, deadline: float) -> Notebook:
        """Return the instance, or what is known of it: the credentials may allow a stop and not a read."""
        try:
            return await self._request("GET", instance_id, deadline)
        except NotebookStopError:
            return Notebook(id=instance_id, status=status)

    async def _accepted(self, instance_id: str, response: Response, deadline: float) -> Notebook:
        """Return the instance after a 2xx to a stop."""
        if not response.body.strip():
            return await self._show_or_assume(instance_id, "STOPPING", deadline)
        try:
            notebook = self._decoded(response)
        except CloudError as error:
            # A 2xx that is not the service's may come from something in between.
            return await self._resolve(instance_id, error, deadline)
        if notebook.id is not None and notebook.id.lower() != instance_id.lower():
            raise OutcomeUnknownError(_("The service responded about another instance."), code="foreign_answer")
        if notebook.status is None:
            return await self._resolve(instance_id, self._unusable(response, _("an instance without status")), deadline)
        return notebook

    async def _resolve(self, instance_id: str, why: NotebookStopError, deadline: float) -> Notebook:
        """Return the instance if a stop took effect; the stop is not repeated, since it may still take effect."""
        notebook = await self._check_stop(instance_id, why, deadline)
        if notebook is not None:
            return notebook
        raise OutcomeUnknownError(
            _(
                "The stop was sent, but {reason} The instance is still RUNNING; it may still stop.",
                reason=sentence(why.message),
            ),
            remedy=_("Check the instance again in a minute; stop it again if it is still RUNNING."),
            status=why.status,
            request_id=why.request_id,
        )

    async def _check_stop(self, instance_id: str, why: NotebookStopError, deadline: float) -> Notebook | None:
        """Return the instance if a stop took effect, None if it runs as if nothing had been sent."""
        for read in range(3):
            if read:
                await self._sleep(self._retries.settle)
            deadline = max(deadline, time.monotonic() + self._timeouts.read)
            try:
                notebook = await self._request("GET", instance_id, deadline)
            except NotebookStopError as error:
                raise OutcomeUnknownError(
                    _(
                        "The stop was sent, but {reason} Reading the instance failed too: {error}",
                        reason=sentence(why.message),
                        error=error.message,
                    ),
                    status=why.status,
                    request_id=why.request_id,
                ) from None
            if notebook.status in STOP_STATES:
                return notebook
            if notebook.status != "RUNNING":
                raise StopFailedError(
                    _(
                        "The stop was sent, its response is inconclusive, and the instance is {status} now.",
                        status=notebook.status or _("in an unknown state"),
                    ),
                    remedy=OutcomeUnknownError.default_remedy,
                )
        return None

    def _shown(self, instance_id: str, response: Response) -> Notebook:
        notebook = self._decoded(response)
        if notebook.id is None and notebook.status is None:
            raise self._unusable(response)
        if notebook.id is not None and notebook.id.lower() != instance_id.lower():
            raise self._unusable(response, _("another notebook instance"))
        return notebook

    def _decoded(self, response: Response) -> Notebook:
        try:
            return decode(response.body)
        except ValueError:
            raise self._unusable(response) from None

    def _unusable(self, response: Response, what: str = _("something other than a notebook instance")) -> CloudError:
        headers, secrets, names = response.headers, self._chain.secrets(), ("content-type", "x-request-id")
        kind, request_id = (one_line(redact(headers.get(name, ""), *secrets))[:60] for name in names)
        shown = {"endpoint": self._transport.endpoint, "status": response.status, "kind": kind or _("no content type")}
        return CloudError(
            _("{endpoint} returned HTTP {status} with {what} ({kind}).", what=what, **shown),
            code="bad_answer",
            remedy=_("Check the endpoint; a proxy or login page may have responded in its place."),
            status=response.status,
            request_id=request_id or None,
        )

    def _error(self, response: Response) -> NotebookStopError:
        used: Credentials | None = response.extensions.get(CREDENTIALS_EXTENSION)
        context = {**self._context, **({"credentials": used.source} if used else {})}
        secrets = self._chain.secrets()
        error = error_from_response(response.status, response.headers, response.body, context=context, secrets=secrets)
        skew = clock_skew(response.headers.get("date")) or 0.0
        signed = used is not None and not used.auth_token
        if isinstance(error, CredentialsError) and signed and abs(skew) > MAX_CLOCK_SKEW:
            error.code = "clock_skew"
            error.remedy = clock_remedy(skew)
        if response.status == 401:
            self._auth.rejection = error
        return error

    async def _begin(self) -> float:
        """Find credentials, which has limits of its own, and return the operation's deadline."""
        await self._auth.credentials()
        return time.monotonic() + self._timeouts.total
