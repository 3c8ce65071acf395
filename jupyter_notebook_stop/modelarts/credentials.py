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
from .threads import call_in_thread

REFRESH_BEFORE = 300.0
"""Temporary keys are asked for again this many seconds before they expire."""

REFRESH_AFTER = 300.0
"""Temporary keys without an expiry are asked for again after this many seconds."""

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
            known = None if renew else self._known
            if known is not None and self._clock() < self._refresh_at:
                return known
            try:
                found = await self._ask()
            except CredentialsError:
                if known is not None and known.expires_at is not None and self._clock() < known.expires_at:
                    return known
                self._known = None
                raise
            self._known = found
            self._handed_out.append(found)
            self._refresh_at = self._when_to_refresh(found)
            return found

    def _when_to_refresh(self, found: Credentials) -> float:
        now = self._clock()
        if found.expires_at is not None:
            # Keys that expire sooner than that are still used, for half of the time they have left.
            left = found.expires_at - now
            return now + max(left - REFRESH_BEFORE, left / 2)
        return now + REFRESH_AFTER if found.security_token or found.auth_token else float("inf")

    async def _ask(self) -> Credentials:
        reasons = []
        for number, (name, source) in enumerate(self._sources):
            try:
                if number in self._hanging:
                    reason = "still not responding"
                elif (found := await self._call(number, source)) is None:
                    reason = "no credentials"
                elif found.expires_at is not None and found.expires_at <= self._clock():
                    reason = "expired"
                elif not (found.auth_token or (found.access_key and found.secret_key)):
                    reason = "incomplete"
                elif not all(map(_HEADER_VALUE.fullmatch, found.secrets())):
                    reason = "contains characters not allowed in an HTTP header"
                else:
                    return found
            except asyncio.TimeoutError:
                reason = f"no response within {self._timeout:g} s"
            except CredentialsError as error:
                reason = error.message
            except Exception as error:
                # The text of someone else's exception may contain anything, including keys.
                reason = f"failed ({type(error).__name__})"
            reasons.append(f"{name}: {reason}")
        raise CredentialsError(
            f"No credentials found. Sources in order: {'; '.join(reasons) or 'none configured'}.",
            remedy="Assign an agency to the instance, set HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK, or create"
            " ~/.huaweicloud/credentials.",
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
            raise CredentialsError("did not return credentials")
        return found
