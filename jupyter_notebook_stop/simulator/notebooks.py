"""The notebook API itself: from a request to an operation on an instance."""

from __future__ import annotations

import re
from urllib.parse import unquote

import msgspec

from .documents import SHORTEST_LEASE
from .instances import Instance
from .operations import PATH, RENEW_LEASE, SHOW_LEASE, START, STOP, UNKNOWN
from .request_log import Request
from .responses import Refusal, Response, json_response
from .settings import Settings


class Notebooks:
    """The operations on the instances of one project.

    Parameters
    ----------
    project_id
        The only project that exists.
    instances
        The instances by id; instances can be added at any time.
    settings
        How the service behaves.
    """

    def __init__(self, project_id: str, instances: dict[str, Instance], settings: Settings) -> None:
        self._project_id = project_id
        self._instances = instances
        self._settings = settings

    def check_known(self, request: Request) -> None:
        """Raise `Refusal` if there is no such operation."""
        if request.operation == UNKNOWN:
            raise Refusal(404, "APIGW.0101", "The API does not exist or has not been published.")

    def perform(self, request: Request, *, drop_stop: bool = False) -> Response:
        """Carry out the operation of an authenticated request.

        Parameters
        ----------
        request
            A request that `check_known` let pass.
        drop_stop
            Whether a stop is accepted but never happens.

        Raises
        ------
        Refusal
            When the project, the permission, the instance, its state or a
            parameter does not allow it.
        """
        match = PATH.fullmatch(request.path)
        assert match is not None
        self._check_project(unquote(match["project"]), request)
        self._settings.check_permission(request.operation)
        instance = self._instances.get(unquote(match["id"]))
        if instance is None or instance.status == "DELETED":
            raise Refusal(400, "ModelArts.6309", "The instance does not exist.")
        if request.operation == STOP:
            return self._stop(instance, drop_stop)
        if request.operation == START:
            return self._start(instance, request)
        if request.operation == RENEW_LEASE:
            return self._renew(instance, request)
        if request.operation == SHOW_LEASE:
            return json_response(200, instance.lease.document())
        return json_response(200, instance.document())

    def _check_project(self, project_id: str, request: Request) -> None:
        stated = request.headers.get("x-project-id", project_id)
        if project_id != self._project_id or stated != project_id:
            raise Refusal(403, "ModelArts.0210", "The project does not match the credentials.")

    def _stop(self, instance: Instance, drop: bool) -> Response:
        instance.stop()
        accepted = instance.document()
        if drop:
            instance.status = "RUNNING"
        if self._settings.stop_answer_empty:
            return Response(self._settings.stop_answer_status, b"", "")
        return json_response(self._settings.stop_answer_status, accepted)

    def _start(self, instance: Instance, request: Request) -> Response:
        query = dict(request.query)
        duration = _number(query.get("duration", str(SHORTEST_LEASE)))
        instance.start(duration, query.get("type", "TIMING"))
        return json_response(200, instance.document())

    def _renew(self, instance: Instance, request: Request) -> Response:
        query = dict(request.query)
        if "duration" in query:
            # A duration in the query overrides the body and makes it a TIMING lease.
            instance.renew_lease(_number(query["duration"]), "TIMING")
        else:
            wanted = _object(request.body)
            instance.renew_lease(wanted.get("duration", SHORTEST_LEASE), wanted.get("type", "TIMING"))  # type: ignore[arg-type]
        return json_response(200, instance.lease.document())


def _number(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise Refusal(400, "ModelArts.0104", "Invalid parameter: duration must be a whole number.")
    return int(text)


def _object(body: bytes) -> dict[str, object]:
    try:
        return msgspec.json.decode(body or b"{}", type=dict[str, object])
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Refusal(400, "ModelArts.0104", "Invalid parameter: the body is not a JSON object.") from None
