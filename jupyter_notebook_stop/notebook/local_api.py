"""The local REST API of a Jupyter server, as a kernel or a terminal sees it: server/rest-api.yml is its contract."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Dict, Literal, NamedTuple, Optional, Type, TypeVar
from urllib.parse import urlsplit

import msgspec

from .. import errors
from ..errors import NotebookStopError, PermissionDeniedError, SaveError, UnreachableError
from ..modelarts.http_library import httpx
from ..modelarts.network import cancellable
from ..requests import ScheduleRequest
from ..schema import Accepted, Instance, NoInstance, Problem, ScheduleResponse
from ..translation import _, process_language

T = TypeVar("T")

PREFIX = "jupyter-notebook-stop/"

CONNECT_TIMEOUT = 3.0
"""Longest wait for a connection on this machine, in seconds."""

RESPONSE_TIMEOUT = 90.0
"""Longest wait for a response, in seconds: the server may itself be waiting for the cloud. A stop may take longer."""


class Address(NamedTuple):
    """The URL of a Jupyter server, and the token that it accepts.

    Attributes
    ----------
    url
        As the server itself prints it; ``http+unix://`` for one on a unix socket.
    sock
        The path of its unix socket, if it listens on one.
    """

    url: str
    token: str
    secure: bool
    sock: str = ""

    def __repr__(self) -> str:
        return f"Address({self.url!r})"

    @property
    def request_url(self) -> str:
        """The URL to send requests to."""
        if not self.sock:
            return self.url
        return f"{'https' if self.secure else 'http'}://localhost{urlsplit(self.url).path}"


class LostServerError(UnreachableError):
    """The Jupyter server does not respond; `connected` says whether it accepted the connection."""

    default_code = "server_lost"
    connected = True


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
            _("The Jupyter server does not allow this: {message}", message=problem.message),
            code="jupyter_refused",
            remedy=_("Ask whoever runs this Jupyter server for the permission 'write' on 'jupyter_notebook_stop'."),
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
    """A client of one Jupyter server; an async context manager.

    Parameters
    ----------
    address
        Where the server is.
    transport
        Replaces the network in tests.
    """

    def __init__(self, address: Address, transport: Optional[httpx.AsyncBaseTransport] = None) -> None:
        self.address = address
        headers = {"Accept": "application/json", "Accept-Language": process_language().replace("_", "-")}
        cookies: Dict[str, str] = {}
        if address.token:
            headers["Authorization"] = f"token {address.token}"
        else:
            # Without a token, the server still demands a cookie and a header that match.
            headers["X-XSRFToken"] = "x"
            cookies["_xsrf"] = "x"
        if address.sock and transport is None:
            transport = httpx.AsyncHTTPTransport(uds=address.sock, verify=False)
        self._http = httpx.AsyncClient(
            base_url=address.request_url,
            headers=headers,
            cookies=cookies,
            # Loopback needs no proxy, and no certificate is issued for 127.0.0.1.
            trust_env=False,
            verify=False,
            follow_redirects=False,
            timeout=httpx.Timeout(RESPONSE_TIMEOUT, connect=CONNECT_TIMEOUT),
            transport=transport,
        )
        cancellable(self._http)

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
        """Return the response to a GET, whatever its status.

        Raises
        ------
        LostServerError
            When the server does not respond.
        """
        return await self._request("GET", path, params=query)

    async def get_instance(self, kernel: str | None) -> httpx.Response:
        """Return the response to ``GET instance``, whatever its status."""
        return await self.get(f"{PREFIX}instance", **({"kernel": kernel} if kernel else {}))

    async def instance(self, kernel: str | None) -> Instance | NoInstance:
        """Return the instance that the server runs in.

        Raises
        ------
        NotebookStopError
            When the server refuses or does not respond.
        """
        response = await self.get_instance(kernel)
        if response.status_code != 200:
            raise self._failure(response)
        return self.decode_instance(response)

    def decode_instance(self, response: httpx.Response) -> Instance | NoInstance:
        """Return the content of a successful response to ``GET instance``.

        Raises
        ------
        NotebookStopError
            When it does not conform to the contract.
        """
        available = self._decode(response, _Availability).available
        return self._decode(response, Instance) if available else self._decode(response, NoInstance)

    async def stop(self, *, cell_ends: bool = False, **request: Optional[str]) -> Accepted:
        """Request a stop; return once the cloud has accepted it.

        Parameters
        ----------
        cell_ends
            Whether the cell that requests it ends as soon as the server allows it, and does not wait for the response.
        request
            The body of the request.

        Raises
        ------
        NotebookStopError
            When nothing was stopped, or the outcome is unknown.
        """
        response = await self._request(
            "POST",
            f"{PREFIX}stop",
            params={"cell_ends": "true"} if cell_ends else {},
            json=request,
            timeout=httpx.Timeout(None, connect=CONNECT_TIMEOUT),
        )
        if response.status_code != 202:
            raise self._failure(response)
        return self._decode(response, Accepted)

    async def cancel(self, attempt: str) -> bool | None:
        """Cancel an attempt; return False if it is too late, or None if the server does not know the attempt.

        Raises
        ------
        LostServerError
            When the server does not respond.
        """
        response = await self._request("DELETE", f"{PREFIX}stop/{attempt}")
        return None if response.status_code == 404 else response.status_code == 204

    async def schedule(
        self, method: Literal["GET", "PUT", "DELETE"], request: Optional[ScheduleRequest] = None
    ) -> ScheduleResponse:
        """Show, set or cancel the scheduled stop; to set it needs a request.

        Raises
        ------
        NotebookStopError
            When the server refuses or does not respond; with the code ``http_404`` if it knows no schedules.
        """
        options = {} if request is None else {"json": msgspec.to_builtins(request)}
        response = await self._request(method, f"{PREFIX}schedule", **options)
        if response.status_code != 200:
            raise self._failure(response)
        return self._decode(response, ScheduleResponse)

    async def connections(self, kernel: str) -> int | None:
        """Return how many clients are connected to a kernel, or None if the server does not know it."""
        response = await self.get(f"api/kernels/{kernel}")
        if response.status_code != 200:
            return None
        connections = self._decode(response, Dict[str, Any]).get("connections")
        return connections if isinstance(connections, int) else None

    async def _request(self, method: str, path: str, **options: Any) -> httpx.Response:
        try:
            return await self._http.request(method, path, **options)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            lost = LostServerError(_("The Jupyter server at {url} does not respond.", url=self.address.url))
            lost.connected = not isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout))
            raise lost from None

    def _failure(self, response: httpx.Response) -> NotebookStopError:
        try:
            problem = msgspec.json.decode(response.content, type=Problem)
        except (msgspec.DecodeError, UnicodeDecodeError):
            text = _(
                "The Jupyter server at {url} returned HTTP {status_code}.",
                url=self.address.url,
                status_code=response.status_code,
            )
            problem = Problem(code=f"http_{response.status_code}", message=text)
        return error_of(problem, response.status_code)

    def _decode(self, response: httpx.Response, kind: Type[T]) -> T:
        try:
            return msgspec.json.decode(response.content, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise NotebookStopError(
                _("The Jupyter server at {url} sent a response that is invalid.", url=self.address.url),
                code="bad_server_answer",
                remedy=_("Install the same version of jupyter_notebook_stop here and in the server's environment."),
            ) from None
