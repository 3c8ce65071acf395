"""The request bodies of server/rest-api.yml, each struct once; what is not in them is refused."""

from __future__ import annotations

import datetime
from typing import Annotated, List, Literal, Optional

import msgspec

from .schema import Document, Name, ShortText

TabState = Literal["here", "waiting", "saved", "failed"]

Silent = Literal["cancel", "ignore"]

Source = Literal["palette", "menu", "cell", "terminal", "api"]

Time = Annotated[datetime.datetime, msgspec.Meta(tz=True)]
"""A time with its zone."""


class StopRequest(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a stop."""

    instance_id: ShortText
    source: Source = "api"
    save: Literal["all", "none"] = "all"
    tab: Optional[Name] = None
    kernel: Optional[ShortText] = None
    attempt: Optional[Name] = None
    silent: Optional[Silent] = None


class ReportedDocument(Document, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A document in a report, which has no other fields."""


class TabReport(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a tab's report."""

    state: TabState
    documents: Annotated[List[ReportedDocument], msgspec.Meta(max_length=1000)] = []
    kernels: Optional[Annotated[List[ShortText], msgspec.Meta(max_length=1000)]] = None


class ScheduleRequest(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a schedule; `grace` in seconds."""

    instance_id: ShortText
    when: Literal["idle", "at"]
    at: Optional[Time] = None
    grace: Optional[Annotated[float, msgspec.Meta(ge=1, le=604_800)]] = None
    not_before: Optional[Time] = None
    source: Source = "api"

    def __post_init__(self) -> None:
        """Refuse what belongs to the other kind of schedule."""
        if self.when == "at" and (self.at is None or self.grace is not None or self.not_before is not None):
            raise ValueError("a stop at a time needs `at`, and has no `grace` and no `not_before`")
        if self.when == "idle" and self.at is not None:
            raise ValueError("a stop when idle has no `at`")


class LeaseRequest(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a renewal of the platform's lease: for how long from now, in seconds."""

    instance_id: ShortText
    duration: Annotated[int, msgspec.Meta(ge=3_600, le=259_200)]
