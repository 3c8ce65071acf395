"""What can go wrong: one family of exceptions, each with a remedy for the user."""

from __future__ import annotations

from typing import Mapping, Optional

from .translation import ENGLISH, _, translate


class NotebookStopError(Exception):
    """The root of everything this package raises on purpose.

    Parameters
    ----------
    message
        What went wrong, without secrets; with the remedy, in English until `localize` is called.
    code
        A name for the case: the cloud's own code, or one of this package in snake_case.
    remedy
        What the user can do about it.
    status
        HTTP status of the cloud's response, if there was one.
    request_id
        The cloud's id of the request, for its support.
    """

    default_code = "error"
    default_remedy: Optional[str] = None

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        remedy: str | None = None,
        status: int | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.remedy = remedy or self.default_remedy
        self.status = status
        self.request_id = request_id
        self._language = ENGLISH

    def localize(self, language: str) -> None:
        """Have the exception speak another language from now on."""
        self._language = language
        self.message, self.remedy = translate(self.message, language), translate(self.remedy, language)

    def __str__(self) -> str:
        origin: list[str] = [self.code]
        if self.status is not None:
            origin.append(f"HTTP {self.status}")
        if self.request_id:
            origin.append(_("request {id}", id=self.request_id))
        text = f"{self.message} [{translate(_(', ').join(origin), self._language)}]"
        return f"{text} {self.remedy}" if self.remedy else text


class NotInInstanceError(NotebookStopError):
    """The process does not run in a ModelArts notebook instance."""

    default_code = "not_in_instance"
    default_remedy = _("Run this inside a ModelArts notebook instance, or set c.NotebookStop.instance_id.")


class IdentityError(NotebookStopError):
    """What identifies the instance is contradictory, malformed or incomplete."""

    default_code = "identity"


class CredentialsError(NotebookStopError):
    """No source has credentials, or the cloud does not accept those found (401)."""

    default_code = "no_credentials"


class PermissionDeniedError(NotebookStopError):
    """The credentials are valid, but do not permit this (403)."""

    default_code = "permission_denied"


class InstanceStateError(NotebookStopError):
    """The instance cannot be stopped in its current state.

    Attributes
    ----------
    state
        The state, such as ``STARTING``, if it is known.
    """

    default_code = "state"
    state: Optional[str] = None


class SaveError(NotebookStopError):
    """Open documents could not be saved, so nothing was stopped.

    Attributes
    ----------
    documents
        Mappings with ``path`` and ``reason``.
    """

    default_code = "save_failed"
    documents: tuple[Mapping[str, Optional[str]], ...] = ()

    def __str__(self) -> str:
        text = super().__str__()
        if not self.documents:
            return text
        names = _("Not saved: {documents}", documents=_("; ").join(self.document_lines))
        return f"{text} {translate(names, self._language)}"

    @property
    def document_lines(self) -> list[str]:
        """One line for each document."""
        return [self._line(each["path"], each["reason"] or _("not saved")) for each in self.documents]

    def _line(self, path: Optional[str], reason: str) -> str:
        # A server loads this module at its start, and the other only for what it has to report.
        from .redaction import one_line

        return one_line(translate(_("{path}: {reason}", path=path, reason=reason), self._language))


class CancelledStopError(NotebookStopError):
    """Somebody cancelled the stop before the cloud was called."""

    default_code = "cancelled"


class CloudError(NotebookStopError):
    """The cloud refused the request, or its response cannot be read."""

    default_code = "cloud"


class InstanceNotFoundError(CloudError):
    """The cloud knows no such instance."""


class StopFailedError(CloudError):
    """The cloud accepted the stop, but the instance did not stop."""

    default_code = "stop_failed"


class UnreachableError(NotebookStopError):
    """The cloud could not be reached, or did not respond in time."""

    default_code = "unreachable"


class OutcomeUnknownError(UnreachableError):
    """A stop was sent, and it is not known whether it took effect or still will."""

    default_code = "outcome_unknown"
    default_remedy = _("Check the instance in the console before you try again: it may be stopping.")
