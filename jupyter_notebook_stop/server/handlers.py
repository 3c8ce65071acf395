"""The local REST API; rest-api.yml beside this file is its contract.

401 and 403 always mean Jupyter itself. What the cloud refused is 502, with
the cloud's own status inside.
"""

from __future__ import annotations

from typing import Any, List, Literal, Optional, Type, TypeVar

import msgspec
from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from jupyter_server.extension.handler import ExtensionHandlerMixin
from tornado import web

from ..errors import (
    CancelledStopError,
    IdentityError,
    InstanceStateError,
    NotebookStopError,
    NotInInstanceError,
    SaveError,
    UnreachableError,
)
from ..policy.instance import ThisInstance
from ..policy.scheduler import ScheduleError, Scheduler
from ..policy.views import problem_of
from ..requests import StopRequest, TabReport
from ..schema import (
    HERE,
    RUNNING,
    WAITING,
    Accepted,
    AtRisk,
    Attempt,
    Document,
    Instance,
    Name,
    NoInstance,
    Problem,
    ShortText,
    Tab,
)
from ..translation import Text, _, encode_translated, requested_language, sentences
from .activity import Activity
from .roll_call import RollCall

MAX_BODY = 256 * 1024
"""Largest request body that is accepted, in bytes."""

MAX_AGE = 1.0
"""How long what was read of the cloud is used again, in seconds, while no stop is under way."""

T = TypeVar("T")


class BadRequestError(NotebookStopError):
    """The request is invalid."""

    default_code = "bad_request"


class RefusedError(web.HTTPError):
    """A response with an HTTP status and a text; tornado's own exception keeps no `Text`."""

    def __init__(self, status: int, text: Text) -> None:
        super().__init__(status, text)
        self.text = text


def status_of(error: NotebookStopError) -> int:
    """Return the HTTP status of the response that reports `error`."""
    if isinstance(error, BadRequestError):
        return 400
    if isinstance(error, NotInInstanceError):
        return 404
    if isinstance(error, (InstanceStateError, SaveError, CancelledStopError, IdentityError, ScheduleError)):
        return 409
    if isinstance(error, UnreachableError) and error.status is None:
        return 504
    return 502


class NotebookStopHandler(ExtensionHandlerMixin, APIHandler):
    """Base class of the handlers: one form of errors, no caching, checked input."""

    auth_resource = "jupyter_notebook_stop"

    # Pages look by themselves, which must not keep a server from being culled.
    _track_activity = False

    def initialize(
        self, name: str, instance: ThisInstance, activity: Activity, roll_call: RollCall, scheduler: Scheduler
    ) -> None:
        super().initialize(name)
        self.instance = instance
        self.activity = activity
        self.roll_call = roll_call
        self.scheduler = scheduler

    def set_default_headers(self) -> None:
        super().set_default_headers()
        self.set_header("Cache-Control", "no-store")

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Send every error as a Problem."""
        error = kwargs.get("exc_info", (None, None, None))[1]
        if isinstance(error, NotebookStopError):
            self.send(problem_of(error), status_of(error))
            return
        if status_code == 405:
            # HTTP requires the header, and tornado does not set it.
            own = (verb for verb in self.SUPPORTED_METHODS if verb.lower() in vars(type(self)))
            self.set_header("Allow", ", ".join(own))
        message: str | None = error.text if isinstance(error, RefusedError) else None
        if message is None and isinstance(error, web.HTTPError):
            message = error.log_message
        self.send(Problem(code=f"http_{status_code}", message=message or self._reason), status_code)

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """Log an expected error in one line, without a traceback."""
        if isinstance(value, NotebookStopError):
            self.log.warning("%s %s: %s", self.request.method, self.request.path, value)
        else:
            super().log_exception(typ, value, tb)

    def send(self, content: msgspec.Struct, status: int = 200) -> None:
        """Finish with `content` as JSON."""
        self.set_status(status)
        language = requested_language(self.request.headers.get("Accept-Language", ""))
        self.set_header("Content-Language", language.replace("_", "-"))
        self.finish(msgspec.json.encode(content, enc_hook=lambda text: encode_translated(text, language)))

    def read_body(self, kind: Type[T]) -> T:
        """Return the body as `kind`.

        Raises
        ------
        BadRequestError
            When it is invalid.
        RefusedError
            413 when it is too large.
        """
        if len(self.request.body) > MAX_BODY:
            raise RefusedError(413, _("The request body is larger than {max_body} bytes.", max_body=MAX_BODY))
        if self.request.headers.get("Content-Type", "").partition(";")[0].strip().lower() != "application/json":
            raise BadRequestError(_("The request body must be JSON, with Content-Type application/json."))
        try:
            return msgspec.json.decode(self.request.body, type=kind)
        except UnicodeDecodeError:
            raise BadRequestError(_("The request body is invalid: it is not UTF-8.")) from None
        except (msgspec.DecodeError, RecursionError) as error:
            raise BadRequestError(_("The request body is invalid: {error}", error=str(error))) from None

    def check(self, name: str, value: Any, kind: Any) -> Any:
        """Return a part of the URL, if it is a valid `kind`.

        Raises
        ------
        BadRequestError
            When it is not.
        """
        try:
            return msgspec.convert(value, kind)
        except msgspec.ValidationError as error:
            raise BadRequestError(_("The {name} is invalid: {error}", name=name, error=str(error))) from None

    async def view(self, kernel: str | None, read: bool = True) -> Instance:
        """Return the instance as others may see it, read or as known, also if cloud or activity cannot be read."""
        attempt = self.instance.attempt
        error: NotebookStopError | None = None
        # While a stop is under way the policy watches the instance, and tabs have little time to respond: they get
        # what is known already, however slow the cloud is.
        if read and (attempt is None or not attempt.under_way):
            try:
                await self.instance.show(MAX_AGE)
            except NotebookStopError as failure:
                error = failure
        try:
            at_risk = await self.activity.at_risk(kernel)
        except Exception:
            # A stop that the cloud has accepted must not be reported as a failure.
            self.log.exception("Could not find out what a stop would interrupt")
            at_risk = AtRisk()
        return self.instance.view(at_risk, error, self.scheduler.view)

    def check_inside(self) -> None:
        """Raise an error where this is no instance, or not clearly one."""
        self.instance.identity  # noqa: B018 - raises it

    def check_instance(self, instance_id: str) -> str:
        """Return the id of this instance, if the request is for it.

        Raises
        ------
        IdentityError
            When the request is for another one, or it is not clear which this is.
        NotInInstanceError
            When this is none.
        """
        own = self.instance.identity.instance_id.value
        if instance_id.lower() != own:
            raise IdentityError(
                _("The request is for another instance; this server runs in {own}. Nothing was stopped.", own=own),
                code="wrong_instance",
                remedy=_("Reload the page: it belongs to another server."),
            )
        return own

    @property
    def user(self) -> str | None:
        """Name of who requests this, as shown to people."""
        return getattr(self.current_user, "display_name", None) or getattr(self.current_user, "username", None)


class InstanceHandler(NotebookStopHandler):
    """``GET instance``."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Tell which instance this is, its status, and what a stop would interrupt."""
        try:
            self.instance.identity  # noqa: B018 - raises where this is not an instance
        except (NotInInstanceError, IdentityError) as error:
            self.send(NoInstance(reason=sentences(error.message, error.remedy)))
            return
        kernel = self.check("kernel", self.get_query_argument("kernel", None), Optional[ShortText])
        cloud = self.check("cloud", self.get_query_argument("cloud", "true"), Literal["true", "false"])
        self.send(await self.view(kernel, read=cloud == "true"))


class StopHandler(NotebookStopHandler):
    """``POST stop``."""

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Stop the instance, or join the stop that is under way."""
        request = self.read_body(StopRequest)
        # A query, since an older server refuses a body with an unknown field.
        can_end = self.check("cell_ends", self.get_query_argument("cell_ends", "false"), Literal["true", "false"])
        self.check_instance(request.instance_id)
        attempt = Attempt(
            source=request.source,
            save=request.save,
            user=self.user,
            username=getattr(self.current_user, "username", None),
            silent=request.silent or self.instance.config.silent_tabs,
            kernel=request.kernel,
            cell=RUNNING if can_end == "true" and request.kernel else None,
            # The tab that requests the stop has to save like any other.
            tabs=[Tab(id=request.tab, state=HERE)] if request.tab and request.save == "all" else [],
        )
        if request.attempt:
            attempt.id = request.attempt
        accepted = await self.instance.stop(attempt, self.roll_call)
        instance = await self.view(request.kernel)
        self.send(Accepted(attempt=accepted, instance=instance), 202)


class AttemptHandler(NotebookStopHandler):
    """``DELETE stop/{attempt}``."""

    @web.authenticated
    @authorized
    async def delete(self, attempt: str) -> None:
        """Cancel an attempt before the cloud is called."""
        try:
            self.instance.cancel(attempt)
        except KeyError:
            raise RefusedError(404, _("There is no such attempt.")) from None
        self.set_status(204)
        self.finish()


class TabHandler(NotebookStopHandler):
    """``PUT stop/{attempt}/tabs/{tab}``."""

    @web.authenticated
    @authorized
    async def put(self, attempt: str, tab: str) -> None:
        """Accept the report of a tab."""
        report = self.read_body(TabReport)
        current = self.instance.attempt
        if current is None or current.id != attempt:
            raise RefusedError(404, _("There is no such attempt."))
        documents: List[Document] = [*report.documents]
        name = self.check("tab", tab, Name)
        # A query, since an older server refuses a body with an unknown field.
        heard = self.check("heard", self.get_query_argument("heard", "look"), Literal["event", "look"])
        reported = Tab(id=name, state=report.state, documents=documents, kernels=report.kernels)
        self.roll_call.report(current, reported, heard_event=heard == "event")
        if report.state == WAITING and current.cell is not None:
            # The response says when: the timers of a hidden page are too slow to ask again and again.
            await self.roll_call.until_cell_is_over()
        self.set_status(204)
        self.finish()
