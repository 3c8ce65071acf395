"""The local REST API; rest-api.yml beside this file is its contract.

401 and 403 always mean Jupyter itself: what the cloud refused is 502, with
the cloud's own status inside.
"""

from __future__ import annotations

import http.client
from typing import Annotated, Any, List, Literal, Optional, Type, TypeVar

import msgspec
from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from jupyter_server.extension.handler import ExtensionHandlerMixin
from tornado import web

from ..attempt import ACCEPTED, Attempt, Document, Name
from ..errors import (
    CancelledStopError,
    IdentityError,
    InstanceStateError,
    NotebookStopError,
    NotInInstanceError,
    SaveError,
    UnreachableError,
)
from ..instance import ThisInstance
from ..schema import Accepted, Instance, NoInstance, Problem, attempt_of, instance_of, problem_of
from .activity import Activity
from .roll_call import RollCall

MAX_BODY = 256 * 1024
"""Largest request body that is read, in bytes."""

MAX_AGE = 1.0
"""How old the view of an instance may be that nobody stops, in seconds."""

SETTING = "jupyter_notebook_stop"
"""Under this name the tornado settings hold what the handlers share."""

T = TypeVar("T")

ShortText = Annotated[str, msgspec.Meta(max_length=100)]


class StopRequest(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a stop."""

    instance_id: ShortText
    source: Literal["palette", "menu", "cell", "terminal", "api"] = "api"
    save: Literal["all", "none"] = "all"
    tab: Optional[Name] = None
    kernel: Optional[ShortText] = None
    attempt: Optional[Name] = None


class TabReport(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a tab's report."""

    state: Literal["here", "saved", "failed"]
    documents: Annotated[List[Document], msgspec.Meta(max_length=1000)] = []


class Shared(msgspec.Struct):
    """What the handlers share."""

    instance: ThisInstance
    activity: Activity
    roll_call: RollCall


class BadRequestError(NotebookStopError):
    """The request is not of the form asked for."""

    default_code = "bad_request"


def status_of(error: NotebookStopError) -> int:
    """Return the HTTP status that tells `error` to the browser."""
    if isinstance(error, BadRequestError):
        return 400
    if isinstance(error, NotInInstanceError):
        return 404
    if isinstance(error, (InstanceStateError, SaveError, CancelledStopError, IdentityError)):
        return 409
    if isinstance(error, UnreachableError) and error.status is None:
        return 504
    return 502


class NotebookStopHandler(ExtensionHandlerMixin, APIHandler):
    """What the handlers have in common."""

    auth_resource = "jupyter_notebook_stop"

    @property
    def shared(self) -> Shared:
        """What the handlers share."""
        shared: Shared = self.settings[SETTING]
        return shared

    def set_default_headers(self) -> None:
        super().set_default_headers()
        self.set_header("Cache-Control", "no-store")

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answer every error in the one form of the contract."""
        error = kwargs.get("exc_info", (None, None, None))[1]
        if isinstance(error, NotebookStopError):
            status_code = status_of(error)
            view = problem_of(error)
        else:
            message = getattr(error, "log_message", None) if isinstance(error, web.HTTPError) else None
            view = Problem(
                code=f"http_{status_code}", message=message or http.client.responses.get(status_code, "Unknown error")
            )
        if status_code == 405:
            # Which tornado leaves out, and HTTP asks for.
            own = (verb for verb in self.SUPPORTED_METHODS if verb.lower() in vars(type(self)))
            self.set_header("Allow", ", ".join(own))
        self.answer(view, status_code)

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """Log what was expected as a line, not as a traceback."""
        if isinstance(value, NotebookStopError):
            self.log.warning("%s %s: %s", self.request.method, self.request.path, value)
        else:
            super().log_exception(typ, value, tb)

    def answer(self, view: msgspec.Struct, status: int = 200) -> None:
        """Finish with `view` as JSON."""
        self.set_status(status)
        self.set_header("Content-Type", "application/json")
        self.finish(msgspec.json.encode(view))

    def body_as(self, kind: Type[T]) -> T:
        """Return the body as `kind`.

        Raises
        ------
        BadRequestError
            When it is not of that form.
        tornado.web.HTTPError
            413 when it is too large.
        """
        if len(self.request.body) > MAX_BODY:
            raise web.HTTPError(413, f"The body has more than {MAX_BODY} bytes.")
        if self.request.headers.get("Content-Type", "").partition(";")[0].strip().lower() != "application/json":
            raise BadRequestError("The body must be JSON, with Content-Type application/json.")
        try:
            return msgspec.json.decode(self.request.body, type=kind)
        except UnicodeDecodeError:
            raise BadRequestError("The body is not of the form asked for: it is not UTF-8.") from None
        except (msgspec.DecodeError, RecursionError) as error:
            raise BadRequestError(f"The body is not of the form asked for: {error}") from None

    async def view(self, kernel: str | None) -> Instance:
        """Return the view of this instance, also where the cloud can't be read."""
        this = self.shared.instance
        current = this.attempt
        error: NotebookStopError | None = None
        # While a stop is under way the server follows the instance by itself, and tabs have little time to answer:
        # they get what is known, however slow the cloud is.
        if current is None or not (current.pending or current.phase == ACCEPTED):
            try:
                await this.show(MAX_AGE)
            except NotebookStopError as failure:
                error = failure
        return instance_of(this, await self.shared.activity.at_risk(kernel), error)

    def checked(self, name: str, value: Any, kind: Any) -> Any:
        """Return a part of the address, if it is of the form `kind`.

        Raises
        ------
        BadRequestError
            When it is not.
        """
        try:
            return msgspec.convert(value, kind)
        except msgspec.ValidationError as error:
            raise BadRequestError(f"The {name} is not of the form asked for: {error}") from None


class InstanceHandler(NotebookStopHandler):
    """``GET instance``."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Say who this instance is, how it is, and what a stop would cost."""
        this = self.shared.instance
        try:
            this.identity  # noqa: B018 - raises where this is not an instance
        except (NotInInstanceError, IdentityError) as error:
            self.answer(NoInstance(reason=f"{error.message} {error.remedy or ''}".strip()))
            return
        kernel = self.get_query_argument("kernel", None)
        self.answer(await self.view(self.checked("kernel", kernel, Optional[ShortText])))


class StopHandler(NotebookStopHandler):
    """``POST stop``."""

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Stop the instance, or join the stop that is under way."""
        wanted = self.body_as(StopRequest)
        this = self.shared.instance
        own = this.identity.instance_id.value
        if wanted.instance_id.lower() != own:
            raise IdentityError(
                f"The request means another instance; this server runs in {own}. Nothing was stopped.",
                code="wrong_instance",
                remedy="Reload the page: it belongs to another server.",
            )
        attempt = Attempt(
            source=wanted.source,
            save=wanted.save,
            user=getattr(self.current_user, "username", None),
            display_name=getattr(self.current_user, "display_name", None),
            tab=wanted.tab,
            kernel=wanted.kernel,
        )
        if wanted.attempt:
            attempt.id = wanted.attempt
        accepted = await this.stop(attempt, self.shared.roll_call)
        instance = await self.view(wanted.kernel)
        self.answer(Accepted(attempt=attempt_of(accepted), instance=instance), 202)


class AttemptHandler(NotebookStopHandler):
    """``DELETE stop/{attempt}``."""

    @web.authenticated
    @authorized
    async def delete(self, attempt: str) -> None:
        """Cancel an attempt while the cloud has not been called."""
        try:
            self.shared.instance.cancel(attempt)
        except KeyError:
            raise web.HTTPError(404, "No such attempt.") from None
        self.set_status(204)
        self.finish()


class TabHandler(NotebookStopHandler):
    """``PUT stop/{attempt}/tabs/{tab}``."""

    @web.authenticated
    @authorized
    async def put(self, attempt: str, tab: str) -> None:
        """Take a tab's report."""
        report = self.body_as(TabReport)
        current = self.shared.instance.attempt
        if current is None or current.id != attempt:
            raise web.HTTPError(404, "No such attempt.")
        self.shared.roll_call.report(current, self.checked("tab", tab, Name), report.state, report.documents)
        self.set_status(204)
        self.finish()


ROUTES = [
    (r"/jupyter-notebook-stop/instance", InstanceHandler),
    (r"/jupyter-notebook-stop/stop", StopHandler),
    (r"/jupyter-notebook-stop/stop/([^/]+)", AttemptHandler),
    (r"/jupyter-notebook-stop/stop/([^/]+)/tabs/([^/]+)", TabHandler),
]
