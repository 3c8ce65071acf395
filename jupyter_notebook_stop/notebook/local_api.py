"""The local REST API of a Jupyter server, as a kernel or a terminal sees it: server/rest-api.yml is its contract."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Dict, NamedTuple, Optional, Type, TypeVar

import httpx
import msgspec

from .. import errors
from ..errors import NotebookStopError, PermissionDeniedError, SaveError, UnreachableError
from ..schema import Accepted, Instance, NoInstance, Problem

T = TypeVar("T")

PREFIX = "jupyter-notebook-stop/"

CONNECT_LIMIT = 3.0
"""Longest wait for a connection on this machine, in seconds."""

ANSWER_LIMIT = 90.0
"""Longest wait for an answer, in seconds: the server may itself be waiting for the cloud. A stop may take longer."""


class Address(NamedTuple):
    """Where a Jupyter server is, and what it takes to be let in."""

    url: str
    token: str
    secure: bool

    def __repr__(self) -> str:
        return f"Address({self.url!r})"


class LostServerError(UnreachableError):
    """The Jupyter server does not answer; `gone` says that nobody listens there."""

    default_code = "server_lost"
    gone = False


class _Availability(msgspec.Struct):
    available: bool


def error_of(problem: Problem, status: int | None = None) -> NotebookStopError:
    """Return the exception that `problem` describes, of the kind that the server raised.

    Parameters
    ----------
    problem
        As the server sent it.
    status
        The server's own status: 401 and 403 come from Jupyter itself.
    """
    if status in (401, 403):
        return PermissionDeniedError(
            f"The Jupyter server does not allow this: {problem.message}",
            code="jupyter_refused",
            remedy="Ask whoever runs this Jupyter server for the permission 'write' on 'jupyter_notebook_stop'.",
        )
    # An older server sends no kind, and a newer one may know others.
    kind: Any = getattr(errors, problem.kind or "", None)
    if not (isinstance(kind, type) and issubclass(kind, NotebookStopError)):
        kind = UnreachableError if status == 504 else NotebookStopError
    error: NotebookStopError = kind(
        problem.message,
        code=problem.code,
        remedy=problem.remedy,
        status=problem.upstream_status,
        request_id=problem.request_id,
    )
    if isinstance(error, SaveError) and problem.documents is not msgspec.UNSET:
        error.documents = tuple({"path": each.path, "reason": each.reason} for each in problem.documents)
    return error


class LocalApi:
    """Asks one Jupyter server; an async context manager.

    Parameters
    ----------
    address
        Where it is.
    transport
        In place of the network, for tests.
    """

    def __init__(self, address: Address, transport: Optional[httpx.AsyncBaseTransport] = None) -> None:
        self.address = address
        headers = {"Accept": "application/json"}
        cookies: Dict[str, str] = {}
        if address.token:
            headers["Authorization"] = f"token {address.token}"
        else:
            # A server that asks for nothing still asks who posts to have read a cookie.
            headers["X-XSRFToken"] = "x"
            cookies["_xsrf"] = "x"
        self._http = httpx.AsyncClient(
            base_url=address.url,
            headers=headers,
            cookies=cookies,
            # No proxy comes between this process and its own machine; a certificate can't name 127.0.0.1.
            trust_env=False,
            verify=False,
            follow_redirects=False,
            timeout=httpx.Timeout(ANSWER_LIMIT, connect=CONNECT_LIMIT),
            transport=transport,
        )

    async def __aenter__(self) -> LocalApi:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def get(self, path: str, **query: str) -> httpx.Response:
        """Return the answer to a GET, whatever its status.

        Raises
        ------
        LostServerError
            When none comes.
        """
        return await self._ask("GET", path, params=query)

    async def instance(self, kernel: str | None) -> Instance | NoInstance:
        """Return the instance the server runs in.

        Raises
        ------
        NotebookStopError
            When the server refuses or does not answer.
        """
        answer = await self.get(f"{PREFIX}instance", **({"kernel": kernel} if kernel else {}))
        if answer.status_code != 200:
            raise self._failure(answer)
        return self.read_instance(answer)

    def read_instance(self, answer: httpx.Response) -> Instance | NoInstance:
        """Return what a 200 of ``GET instance`` says.

        Raises
        ------
        NotebookStopError
            When it is not of the contract's form.
        """
        available = self._decoded(answer, _Availability).available
        return self._decoded(answer, Instance) if available else self._decoded(answer, NoInstance)

    async def stop(self, **request: Optional[str]) -> Accepted:
        """Ask for a stop; returns once the cloud has accepted it.

        Raises
        ------
        NotebookStopError
            When nothing was stopped, or nobody knows.
        """
        answer = await self._ask(
            "POST", f"{PREFIX}stop", json=request, timeout=httpx.Timeout(None, connect=CONNECT_LIMIT)
        )
        if answer.status_code != 202:
            raise self._failure(answer)
        return self._decoded(answer, Accepted)

    async def cancel(self, attempt: str) -> bool | None:
        """Cancel an attempt; return whether that was not too late, or None where the server knows no such attempt.

        Raises
        ------
        LostServerError
            When the server does not answer.
        """
        answer = await self._ask("DELETE", f"{PREFIX}stop/{attempt}")
        return None if answer.status_code == 404 else answer.status_code == 204

    async def connections(self, kernel: str) -> int | None:
        """Return how many clients are connected to a kernel, or None where the server does not know it."""
        answer = await self.get(f"api/kernels/{kernel}")
        if answer.status_code != 200:
            return None
        known = self._decoded(answer, Dict[str, Any]).get("connections")
        return known if isinstance(known, int) else None

    async def _ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        try:
            return await self._http.request(method, path, **options)
        except httpx.HTTPError as error:
            lost = LostServerError(f"The Jupyter server at {self.address.url} does not answer.")
            lost.gone = isinstance(error, httpx.ConnectError)
            raise lost from None

    def _failure(self, answer: httpx.Response) -> NotebookStopError:
        try:
            problem = msgspec.json.decode(answer.content, type=Problem)
        except (msgspec.DecodeError, UnicodeDecodeError):
            text = f"The Jupyter server at {self.address.url} answered HTTP {answer.status_code}."
            problem = Problem(code=f"http_{answer.status_code}", message=text)
        return error_of(problem, answer.status_code)

    def _decoded(self, answer: httpx.Response, kind: Type[T]) -> T:
        try:
            return msgspec.json.decode(answer.content, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise NotebookStopError(
                f"The Jupyter server at {self.address.url} answered what is not understood.",
                code="bad_server_answer",
                remedy="Is another version of jupyter_notebook_stop installed there? Update both.",
            ) from None
