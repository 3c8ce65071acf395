"""The path of one request: recorded, met by faults, authenticated, carried out, responded to."""

from __future__ import annotations

import uuid
from email.utils import formatdate
from typing import Callable

from tornado.httputil import HTTPHeaders, HTTPServerRequest

from .authentication import KeyRing, decode_header, decode_query
from .faults import DropStop
from .notebooks import Notebooks
from .operations import operation_of
from .request_log import Request
from .responses import MARKER, MARKER_HEADER, Refusal, Response
from .rules import FaultRules
from .settings import Settings
from .wire import Wire


class Gateway:
    """What stands between the network and the notebook API.

    Parameters
    ----------
    notebooks
        The operations.
    keys
        Who may call them.
    faults
        What goes wrong.
    settings
        How the service behaves.
    requests
        The log, to which every request is added.
    clock
        Seconds since the epoch.
    """

    def __init__(
        self,
        notebooks: Notebooks,
        *,
        keys: KeyRing,
        faults: FaultRules,
        settings: Settings,
        requests: list[Request],
        clock: Callable[[], float],
    ) -> None:
        self._notebooks = notebooks
        self._keys = keys
        self._faults = faults
        self._settings = settings
        self._requests = requests
        self._clock = clock

    def record(self, http: HTTPServerRequest) -> Request:
        """Add a request to the log and return it."""
        path, _, query = (http.uri or "").partition("?")
        request = Request(
            operation=operation_of(http.method or "", path),
            method=http.method or "",
            path=path,
            query=decode_query(query),
            headers=HTTPHeaders({name: decode_header(value) for name, value in http.headers.items()}),
            body=http.body or b"",
            time=self._clock(),
            request_id=f"simulated-{uuid.uuid4().hex}",
        )
        self._requests.append(request)
        return request

    async def serve(self, request: Request, wire: Wire) -> None:
        """Respond to a request, or let a fault do so."""
        try:
            await self._respond(request, wire)
        except BaseException:
            # Cancelled, or an error in a fault: no client shall wait for a response that never comes.
            wire.close()
            raise

    async def _respond(self, request: Request, wire: Wire) -> None:
        faults = self._faults.take(request.operation)
        for fault in faults:
            await fault.before(wire)
            if wire.ended:
                return
        given = next((other for other in (fault.instead() for fault in faults) if other is not None), None)
        if given is None:
            drop_stop = any(isinstance(fault, DropStop) for fault in faults)
            response = self._perform(request, drop_stop)
            for fault in faults:
                await fault.after(wire)
                if wire.ended:
                    return
        else:
            response = self._rendered(given, request)
        for fault in faults:
            response = self._rendered(fault.rewrite(response), request)
        response = self._with_common_headers(response, request)
        request.status = response.status
        for fault in faults:
            await fault.send(wire, response)
            if wire.ended:
                return
        await wire.send(response)

    def _perform(self, request: Request, drop_stop: bool) -> Response:
        try:
            self._notebooks.check_known(request)
            self._keys.check(request, self._now(), echo_canonical_request=self._settings.echo_canonical_request)
            response = self._notebooks.perform(request, drop_stop=drop_stop)
        except Refusal as refusal:
            return self._rendered(refusal, request)
        request.took_effect = not drop_stop
        return response

    def _now(self) -> float:
        return self._clock() + self._settings.clock_skew

    def _rendered(self, given: Response | Refusal, request: Request) -> Response:
        if isinstance(given, Refusal):
            return given.response(request.request_id, self._settings.error_shape)
        return given

    def _with_common_headers(self, response: Response, request: Request) -> Response:
        return response.with_headers(
            {
                "Date": formatdate(self._now(), usegmt=True),
                "Server": "simulator",
                "X-Request-Id": request.request_id,
                MARKER_HEADER: MARKER,
            }
        )
