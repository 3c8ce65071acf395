"""The notebook API over one shared httpx.AsyncClient: show and stop, with what can go wrong on the way.

Reads are repeated when the service is busy or the connection fails. A stop is
sent again only where it was not sent at all, or where the answer asks for that;
wherever it may have been taken the instance is read instead.
"""

from __future__ import annotations

import asyncio
import datetime
import email.utils
import random
import ssl
import time
from typing import Any, Awaitable, Callable, Mapping, NamedTuple, Optional

from ..errors import CloudError, CredentialsError, NotebookStopError, OutcomeUnknownError, StopFailedError
from ..redaction import one_line, redact
from .auth import CREDENTIALS_EXTENSION, CloudAuth
from .credentials import CredentialChain, Credentials
from .error_codes import ALREADY_DONE, from_answer
from .models import Notebook, decode
from .transport import Answer, AnswerLostError, NotSentError, Timeouts, Transport

MAX_CLOCK_SKEW = 15 * 60
"""How far the clock may be off before the gateway refuses a signature, in seconds."""

BUSY = frozenset({429, 502, 503, 504})
"""Statuses after which a read is repeated."""

AMBIGUOUS_STATUSES = frozenset({408, 500, 502, 503, 504})
"""Statuses after which a stop may have been taken, or may be taken yet."""

TAKEN = frozenset({"STOPPING", "STOPPED"})


class Retries(NamedTuple):
    """How often a request is repeated at most, and the pauses in seconds; each has jitter."""

    limit: int = 4
    first: float = 0.5
    longest: float = 8.0
    settle: float = 1.0


class NotebooksClient:
    """Shows and stops notebook instances of one project.

    Parameters
    ----------
    endpoint
        Scheme and host of the service, such as ``https://modelarts.cn-north-4.myhuaweicloud.com``.
    project_id
        32 hexadecimal digits.
    chain
        Where the credentials come from.
    context
        What errors should name: where the endpoint and the project came from.
    verify
        The TLS context; making one takes a while, so it is handed in.
    timeouts, retries
        Limits.
    sleep
        How to wait, for tests.
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
        sleep: Callable[[float], Awaitable[Any]] = asyncio.sleep,
    ) -> None:
        self._base = f"/v1/{project_id}/notebooks"
        self._chain = chain
        self._auth = CloudAuth(chain, project_id)
        self._transport = Transport(endpoint, auth=self._auth, verify=verify, timeouts=timeouts)
        self._context = dict(context or {})
        self._timeouts = timeouts
        self._retries = retries
        self._sleep = sleep

    async def aclose(self) -> None:
        """Close the connections."""
        await self._transport.aclose()

    def retry_credentials(self) -> None:
        """Let the next request send the credentials, even if they were just refused: somebody asks for it."""
        self._auth.retry()

    async def show(self, instance_id: str) -> Notebook:
        """Return the instance as the cloud sees it.

        Raises
        ------
        NotebookStopError
            One of its kinds, with a remedy.
        """
        return await self._show(instance_id, await self._begin())

    async def stop(self, instance_id: str) -> Notebook:
        """Ask the cloud to stop the instance and return what it says of it.

        An instance that is stopping or stopped already is an answer as well.
        When an answer is lost, the instance is read before anything is sent
        again.

        Raises
        ------
        OutcomeUnknownError
            When the stop may have been taken and the instance can't be read.
        NotebookStopError
            One of its other kinds when nothing was stopped.
        """
        deadline = await self._begin()
        for attempt in range(self._retries.limit + 1):
            delay = self._backoff(attempt)
            try:
                answer = await self._transport.send("POST", f"{self._base}/{instance_id}/stop", deadline)
            except NotSentError as lost:
                if lost.final:
                    raise
                error: NotebookStopError = lost
            except AnswerLostError as lost:
                return await self._settle(instance_id, lost, deadline)
            else:
                if answer.ok:
                    return await self._accepted(instance_id, answer, deadline)
                error = self._refusal(answer)
                if error.code in ALREADY_DONE and not isinstance(error, CredentialsError):
                    return await self._show_or(instance_id, ALREADY_DONE[error.code], deadline)
                if answer.status == 503 and "retry-after" in answer.headers:
                    seen = await self._look(instance_id, error, deadline)
                    if seen is not None:
                        return seen
                elif answer.status in AMBIGUOUS_STATUSES:
                    return await self._settle(instance_id, error, deadline)
                elif answer.status != 429:
                    raise error
                delay = max(delay, self._retry_after(answer))
            if attempt == self._retries.limit or time.monotonic() + delay >= deadline:
                raise error
            await self._sleep(delay)
        raise AssertionError("unreachable")

    async def _show(self, instance_id: str, deadline: float) -> Notebook:
        path = f"{self._base}/{instance_id}"
        for attempt in range(self._retries.limit + 1):
            delay = self._backoff(attempt)
            try:
                answer = await self._transport.send("GET", path, deadline)
            except NotSentError as lost:
                if lost.final:
                    raise
                error: NotebookStopError = lost
            except AnswerLostError as lost:
                if lost.final:
                    raise
                error = lost
            else:
                if answer.ok:
                    return self._shown(instance_id, answer)
                error = self._refusal(answer)
                if answer.status not in BUSY:
                    raise error
                delay = max(delay, self._retry_after(answer))
            if attempt == self._retries.limit or time.monotonic() + delay >= deadline:
                raise error
            await self._sleep(delay)
        raise AssertionError("unreachable")

    async def _show_or(self, instance_id: str, status: str, deadline: float) -> Notebook:
        """Return the instance, or what is known of it: who may stop it may be kept from reading it."""
        try:
            return await self._show(instance_id, deadline)
        except NotebookStopError:
            return Notebook(id=instance_id, status=status)

    async def _accepted(self, instance_id: str, answer: Answer, deadline: float) -> Notebook:
        """Return the instance after a 2xx to a stop."""
        if not answer.body.strip():
            return await self._show_or(instance_id, "STOPPING", deadline)
        try:
            notebook = self._decoded(answer)
        except CloudError as error:
            # A 2xx that is not the service's may come from something in between.
            return await self._settle(instance_id, error, deadline)
        if notebook.id is not None and notebook.id.lower() != instance_id.lower():
            raise OutcomeUnknownError("The service answered about another instance.", code="foreign_answer")
        if notebook.status is None:
            return await self._settle(instance_id, self._unreadable(answer, "what names no status"), deadline)
        return notebook

    async def _settle(self, instance_id: str, why: NotebookStopError, deadline: float) -> Notebook:
        """Return the instance if a stop was taken; it is not sent again, since it may be taken yet."""
        seen = await self._look(instance_id, why, deadline)
        if seen is not None:
            return seen
        raise OutcomeUnknownError(
            f"The stop was sent, but {_sentence(why.message)} The instance is still RUNNING; it may stop yet.",
            remedy="Look at the instance again in a minute; stop it again if it is still RUNNING.",
            status=why.status,
            request_id=why.request_id,
        )

    async def _look(self, instance_id: str, why: NotebookStopError, deadline: float) -> Notebook | None:
        """Return the instance if a stop was taken, None if it runs as if nothing had been sent."""
        notebook = None
        for look in range(3):
            if look:
                await self._sleep(self._retries.settle)
            try:
                notebook = await self._show(instance_id, max(deadline, time.monotonic() + self._timeouts.read))
            except NotebookStopError as error:
                raise OutcomeUnknownError(
                    f"The stop was sent, but {_sentence(why.message)} Reading the instance failed too: {error.message}",
                    status=why.status,
                    request_id=why.request_id,
                ) from None
            if notebook.status in TAKEN:
                return notebook
            if notebook.status != "RUNNING":
                break
        if notebook is None or notebook.status == "RUNNING":
            return None
        state = notebook.status or "in an unknown state"
        raise StopFailedError(
            f"The stop was sent, its answer leaves doubt, and the instance is {state} now.",
            remedy=OutcomeUnknownError.default_remedy,
        )

    def _shown(self, instance_id: str, answer: Answer) -> Notebook:
        notebook = self._decoded(answer)
        if notebook.id is None and notebook.status is None:
            raise self._unreadable(answer)
        if notebook.id is not None and notebook.id.lower() != instance_id.lower():
            raise self._unreadable(answer, "what is another notebook instance")
        return notebook

    def _decoded(self, answer: Answer) -> Notebook:
        try:
            return decode(answer.body)
        except ValueError:
            raise self._unreadable(answer) from None

    def _unreadable(self, answer: Answer, what: str = "what is not a notebook instance") -> CloudError:
        secrets = self._chain.secrets()
        kind = one_line(redact(answer.headers.get("content-type", ""), *secrets))[:60]
        request_id = one_line(redact(answer.headers.get("x-request-id", ""), *secrets))[:60]
        return CloudError(
            f"{self._transport.endpoint} answered HTTP {answer.status} with {what} ({kind or 'no content type'}).",
            code="bad_answer",
            remedy="Check the endpoint; a proxy or login page may have answered in its place.",
            status=answer.status,
            request_id=request_id or None,
        )

    def _refusal(self, answer: Answer) -> NotebookStopError:
        known: Credentials | None = answer.extensions.get(CREDENTIALS_EXTENSION)
        context = dict(self._context)
        if known is not None:
            context["credentials"] = known.source
        secrets = self._chain.secrets()
        error = from_answer(answer.status, answer.headers, answer.body, context=context, secrets=secrets)
        skew = clock_skew(answer.headers.get("date")) or 0.0
        signed = known is not None and not known.auth_token
        if isinstance(error, CredentialsError) and signed and abs(skew) > MAX_CLOCK_SKEW:
            error.code = "clock_skew"
            error.remedy = (
                f"The clock of this machine is {abs(skew) / 60:.0f} minutes {'behind' if skew > 0 else 'ahead'};"
                " signatures are good for 15. Set the clock, then try again."
            )
        if answer.status == 401:
            self._auth.rejection = error
        return error

    async def _begin(self) -> float:
        """Look for credentials, which has limits of its own, and return the operation's deadline."""
        await self._auth.credentials()
        return time.monotonic() + self._timeouts.total

    def _backoff(self, attempt: int) -> float:
        return min(self._retries.first * 2.0**attempt, self._retries.longest) * random.uniform(0.5, 1.0)

    def _retry_after(self, answer: Answer) -> float:
        value: Optional[str] = answer.headers.get("retry-after")
        if not value:
            return 0.0
        if value.strip().isdecimal():
            return float(value)
        moment = _http_date(value)
        return max(0.0, moment - time.time()) if moment is not None else 0.0


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


def _http_date(value: str) -> float | None:
    try:
        moment = email.utils.parsedate_to_datetime(value)
    except (TypeError, ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.timezone.utc)
    return moment.timestamp()


def clock_skew(date: str | None) -> float | None:
    """Return by how many seconds the service's clock is ahead of ours, as the Date header of an answer tells it."""
    moment = _http_date(date) if date else None
    return moment - time.time() if moment is not None else None
