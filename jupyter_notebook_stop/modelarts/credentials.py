"""Credentials, and the chain that asks the sources for them in order.

A source is a function without arguments that returns `Credentials`, or None
if it has none. Each is called in a daemon thread with a time limit, so one
that hangs or raises anything blocks neither the next nor the exit.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import deque
from typing import Callable, Optional, Sequence, Tuple

import msgspec

from ..errors import CredentialsError
from ..redaction import Secret
from ..translation import _
from .threads import call_in_thread

REFRESH_BEFORE = 300.0
"""Temporary keys are asked for again this many seconds before they expire."""

REFRESH_AFTER = 300.0
"""Temporary keys without an expiry are asked for again after this many seconds, and so are the keys of any source that
won only because a preferred one failed."""

RETRY_AFTER = 30.0
"""Keys that could not be refreshed are asked for again after this many seconds, and used until then."""

_HEADER_VALUE = re.compile("[!-~]+")


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """An IAM token, or an access key with its secret key; `expires_at` is in epoch seconds.

    Its repr shows no secret.
    """

    source: str
    auth_token: Optional[Secret] = None
    access_key: Optional[Secret] = None
    secret_key: Optional[Secret] = None
    security_token: Optional[Secret] = None
    project_id: Optional[str] = None
    region: Optional[str] = None
    expires_at: Optional[float] = None

    def secrets(self) -> tuple[str, ...]:
        """Return all secrets as plain text, for redaction."""
        held = (self.auth_token, self.access_key, self.secret_key, self.security_token)
        return tuple(secret.reveal() for secret in held if secret)


Source = Callable[[], Optional[Credentials]]


class CredentialChain:
    """Asks the sources one by one; the first that has credentials wins and is remembered.

    Parameters
    ----------
    sources
        Pairs of name and source, in the order to ask them.
    timeout
        Longest wait for one source, in seconds.
    clock
        Epoch seconds.
    """

    def __init__(
        self,
        sources: Sequence[Tuple[str, Source]],
        *,
        timeout: float = 8.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._sources = tuple(sources)
        self._timeout = timeout
        self._clock = clock
        self._known: Credentials | None = None
        self._handed_out: deque[Credentials] = deque(maxlen=3)
        self._winner = -1
        self._preferred_failed = False
        self._refresh_at = 0.0
        self._lock = asyncio.Lock()
        self._hanging: set[int] = set()

    @property
    def known(self) -> Credentials | None:
        """The credentials found last, accepted or refused, without asking a source."""
        return self._known

    def secrets(self) -> tuple[str, ...]:
        """Return what must stay hidden, including credentials replaced while a request was under way."""
        return tuple({secret for each in self._handed_out for secret in each.secrets()})

    async def get(self, *, renew: bool = False) -> Credentials:
        """Return credentials that have not expired.

        A source that fails, instead of having no credentials, may have them
        again later: the known ones from it are kept until they expire, and
        those that a lower source has in its place are kept for a while only.

        Parameters
        ----------
        renew
            Ask the sources again, since the cloud refused what they gave.

        Raises
        ------
        CredentialsError
            When no source has any; the message gives the reason for each.
        """
        async with self._lock:
            now = self._clock()
            known = None if renew or self._has_expired(self._known) else self._known
            if known is not None and now < self._refresh_at:
                return known
            try:
                found = await self._ask(known)
            except CredentialsError:
                if known is not None and known.expires_at is not None and not self._has_expired(known):
                    return known
                self._known = None
                raise
            if found is not known:
                self._known = found
                self._handed_out.append(found)
            self._refresh_at = self._when_to_refresh(found, kept=found is known)
            return found

    def _has_expired(self, found: Credentials | None) -> bool:
        return found is not None and found.expires_at is not None and found.expires_at <= self._clock()

    def _when_to_refresh(self, found: Credentials, *, kept: bool) -> float:
        now = self._clock()
        if found.expires_at is not None:
            # Keys that expire sooner than that are still used, for half of the time they have left.
            left = found.expires_at - now
            due = now + (min(RETRY_AFTER, left / 2) if kept else max(left - REFRESH_BEFORE, left / 2))
        elif kept:
            due = now + RETRY_AFTER
        else:
            due = now + REFRESH_AFTER if found.security_token or found.auth_token else float("inf")
        return min(due, now + REFRESH_AFTER) if self._preferred_failed else due

    def _objection(self, found: Credentials | None) -> str:
        """Return why what a source gave cannot be used, empty if it can."""
        if found is None:
            return _("no credentials")
        if self._has_expired(found):
            return _("expired")
        if not (found.auth_token or (found.access_key and found.secret_key)):
            return _("incomplete")
        if not all(map(_HEADER_VALUE.fullmatch, found.secrets())):
            return _("contains characters not allowed in an HTTP header")
        return ""

    async def _ask(self, known: Credentials | None) -> Credentials:
        """Return what the first source that has credentials gives, or `known` if its source fails."""
        reasons = []
        self._preferred_failed = False
        for number, (name, source) in enumerate(self._sources):
            failed = True
            reason: str = _("still not responding")
            try:
                if number not in self._hanging:
                    found = await self._call(number, source)
                    failed, reason = False, self._objection(found)
                    if found is not None and not reason:
                        self._winner = number
                        return found
            except asyncio.TimeoutError:
                reason = _("no response within {timeout:g} s", timeout=self._timeout)
            except CredentialsError as error:
                reason = error.message
            except Exception as error:
                # The text of someone else's exception may contain anything, including keys.
                reason = _("failed ({name})", name=type(error).__name__)
            if failed and number == self._winner and known is not None and not self._has_expired(known):
                return known
            self._preferred_failed = self._preferred_failed or failed
            reasons.append(_("{name}: {reason}", name=name, reason=reason))
        raise CredentialsError(
            _(
                "No credentials found. Sources in order: {reasons}.",
                reasons=_("; ").join(reasons) if reasons else _("none configured"),
            ),
            remedy=_(
                "Assign an agency to the instance, set HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK, or create"
                " ~/.huaweicloud/credentials."
            ),
        )

    async def _call(self, number: int, source: Source) -> Credentials | None:
        def call() -> Credentials | None:
            try:
                return source()
            finally:
                self._hanging.discard(number)

        self._hanging.add(number)
        found = await call_in_thread(call, self._timeout)
        if found is not None and not isinstance(found, Credentials):
            raise CredentialsError(_("did not return credentials"))
        return found
