"""The fault matrix: what goes wrong, in a show or a stop, and its one right outcome."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any, Callable, List, Mapping, NamedTuple, Optional, Sequence, Type, Union

from jupyter_notebook_stop.errors import (
    CloudError,
    CredentialsError,
    InstanceNotFoundError,
    InstanceStateError,
    NotebookStopError,
    OutcomeUnknownError,
    PermissionDeniedError,
    UnreachableError,
)
from jupyter_notebook_stop.simulator import (
    ERROR_SHAPES,
    Answer,
    BrokenJson,
    CutBody,
    Delay,
    Drip,
    Empty,
    Fault,
    Html,
    Huge,
    OtherJson,
    Redirect,
    Refuse,
    Reset,
    Throttle,
    Unavailable,
    WrongLength,
)

LIMIT = 4
"""How often a request is repeated at most."""

MIB = 1024 * 1024


class Outcome(NamedTuple):
    """What is told: nothing but the result, or an error."""

    kind: Optional[Type[NotebookStopError]] = None
    code: str = ""
    status: Optional[int] = None


FINE = Outcome()


class Case(NamedTuple):
    """A fault and what comes of it.

    Attributes
    ----------
    name
        For the test's id.
    operation
        ``show`` or ``stop``: what is asked for.
    faults
        What befalls the requests of that operation; each for itself, or together where they are a tuple.
    times
        How many requests it befalls; None for all.
    outcome
        What is told.
    sent
        How many requests of the operation reach the cloud; 0 where only the time limit decides.
    taken
        How many stops the cloud carries out before it is asked once more.
    least
        Shortest time it takes, in seconds.
    limits
        The limits in seconds that are reached, as settings; they are small, since they are waited for.
    """

    name: str
    operation: str
    faults: Union[Fault, Sequence[Fault]]
    outcome: Outcome
    sent: int
    times: Optional[int] = None
    taken: int = 0
    least: float = 0.0
    limits: Mapping[str, float] = MappingProxyType({})


class Meanwhile(Fault, frozen=True):
    """Something else happens at the cloud, after the request was taken and before it is answered."""

    act: Callable[[], Any]

    async def after(self, wire: Any) -> None:
        """Let it happen."""
        self.act()


CONNECTING = {"connect_timeout": 0.8}
SILENCE = {"read_timeout": 1.2}
DRIPPING = {"total_timeout": 5.0}
LOST = Outcome(UnreachableError, "connection_lost")
LATE = Outcome(UnreachableError, "timeout")
UNKNOWN = Outcome(OutcomeUnknownError, "outcome_unknown")
GARBAGE = Outcome(CloudError, "bad_answer", 200)
STRANGE: List[Any] = ["list", "string", "number", "null", "nested", "wrong_types"]
NOISE: List[Fault] = [BrokenJson(), *(OtherJson(shape=shape) for shape in STRANGE), Html(status=200)]

ERRORS = [
    (400, "ModelArts.6309", InstanceNotFoundError),
    (400, "ModelArts.6404", InstanceNotFoundError),
    (400, "ModelArts.6306", InstanceStateError),
    *((400, f"ModelArts.{code}", InstanceStateError) for code in (6326, 6327, 6333, 6355)),
    (400, "ModelArts.9999", CloudError),
    (401, "APIGW.0301", CredentialsError),
    *((401, f"ModelArts.020{number}", CredentialsError) for number in range(1, 9)),
    # Whatever its code says.
    *((401, code, CredentialsError) for code in ("APIGW.0302", "ModelArts.0210", "ModelArts.6309", "ModelArts.6308")),
    *((403, f"ModelArts.{code}", PermissionDeniedError) for code in ("0108", "0112", "0210", "6407")),
    (403, "APIGW.0302", PermissionDeniedError),
    (404, "APIGW.0101", CloudError),
    (407, "APIGW.9999", UnreachableError),
    (408, "ModelArts.6100", UnreachableError),
    (409, "ModelArts.9999", CloudError),
    (418, "APIGW.9999", CloudError),
    (429, "APIGW.0308", UnreachableError),
    (500, "ModelArts.6101", UnreachableError),
    (502, "APIGW.0201", UnreachableError),
    (503, "APIGW.0201", UnreachableError),
    (504, "APIGW.0201", UnreachableError),
]
"""What the service answers, and what it is called here."""

READS_REPEATED = (429, 502, 503, 504)
STOPS_REPEATED = (429,)
BUSY = (408, 429, 500, 502, 503, 504)


def _by_status(status: int) -> Type[NotebookStopError]:
    known = {401: CredentialsError, 403: PermissionDeniedError}
    return known.get(status, UnreachableError if status in (407, *BUSY) else CloudError)


def error_cases(operation: str, status: int, code: str, kind: Type[NotebookStopError]) -> List[Case]:
    """Return the case of an error answer in each shape."""
    cases = []
    for shape in ERROR_SHAPES:
        # A page tells no code: its status says what it is.
        told = Outcome(_by_status(status), f"http_{status}", status) if shape == "html" else None
        if operation == "stop" and status in BUSY and status not in STOPS_REPEATED:
            told = Outcome(OutcomeUnknownError, "outcome_unknown", status)
        repeated = status in (READS_REPEATED if operation == "show" else STOPS_REPEATED)
        fault = Refuse(status, code, "The test refuses.", shape)
        cases.append(Case(shape, operation, fault, told or Outcome(kind, code, status), 1 + LIMIT if repeated else 1))
    return cases


def _shows() -> List[Case]:
    again, large = 1 + LIMIT, Outcome(UnreachableError, "answer_too_large")
    busy = Outcome(UnreachableError, "APIGW.0308", 429)

    def show(name: str, fault: Union[Fault, Sequence[Fault]], outcome: Outcome, sent: int = 1, **more: Any) -> Case:
        return Case(name, "show", fault, outcome, sent, **more)

    return [
        show("reset-before", Reset(), LOST, again),
        show("reset-during", Reset(when="during"), LOST, again),
        show("reset-after", Reset(when="after"), LOST, again),
        show("reset-once", Reset(), FINE, 2, times=1),
        show("silence", Delay(seconds=600.0), LATE, 0, limits={**SILENCE, "total_timeout": 5.0}),
        show("slow-drip", Drip(pause=0.05), LATE, limits=DRIPPING),
        show("slow-drip-of-headers", Drip(pause=0.05, head=True), LATE, limits=DRIPPING),
        show("cut-body", CutBody(), LOST, again),
        show("cut-chunks", CutBody(chunked=True), LOST, again),
        show("too-long", WrongLength(by=7), LOST, again),
        show("too-short", WrongLength(by=-7), GARBAGE),
        *(show(f"noise-{number}", fault, GARBAGE) for number, fault in enumerate(NOISE)),
        *(show(f"empty-{status}", Empty(status), Outcome(CloudError, "bad_answer", status)) for status in (200, 201)),
        show("empty-204", Empty(204), Outcome(CloudError, "bad_answer", 204)),
        show("empty-object", Answer(body="{}"), GARBAGE),
        show("another-instance", Answer(body='{"id": "another", "status": "RUNNING"}'), GARBAGE),
        show("huge", Huge(size=10 * MIB), large),
        show("huge-gzipped", Huge(size=10 * MIB, gzipped=True), Outcome(UnreachableError, "bad_answer")),
        *(show(f"redirect-{n}", Redirect(status=n), Outcome(CloudError, f"http_{n}", n)) for n in (301, 302, 307, 308)),
        show("throttled-for-a-second", Throttle(retry_after=1), FINE, 2, times=1, least=1.0),
        show("throttled-until-a-date", Throttle(retry_after=2, as_date=True), FINE, 2, times=1, least=0.9),
        show("throttled-for-an-hour", Throttle(retry_after=3600), busy),
        show("throttled-until-tomorrow", Throttle(retry_after=86400, as_date=True), busy),
        show("throttled-in-words", Throttle(text="soon"), FINE, 3, times=2),
        show("flapping-503", Unavailable(), FINE, 4, times=3),
        show(
            "error-of-a-megabyte", Answer(status=500, body="<" * (MIB - 1)), Outcome(UnreachableError, "http_500", 500)
        ),
        show("error-of-nothing", Empty(500), Outcome(UnreachableError, "http_500", 500)),
        show("error-nested-deeply", Answer(status=418, body='{"a":' * 90_000), Outcome(CloudError, "http_418", 418)),
    ]


def _stops() -> List[Case]:
    def stop(name: str, fault: Union[Fault, Sequence[Fault]], outcome: Outcome, sent: int = 1, **more: Any) -> Case:
        return Case(name, "stop", fault, outcome, sent, **more)

    def taken(name: str, fault: Union[Fault, Sequence[Fault]], **more: Any) -> Case:
        # It may have been taken, and was: nothing is sent again.
        return stop(f"{name}-taken", fault, FINE, 1, taken=1, **more)

    heard: Any = {"takes_effect": True}
    return [
        stop("reset-before", Reset(), UNKNOWN),
        taken("reset-during", Reset(when="during")),
        taken("reset-after", Reset(when="after")),
        taken("silence-after", Delay(seconds=600.0, when="after"), limits=SILENCE),
        taken("slow-drip", Drip(pause=0.05), limits=DRIPPING),
        taken("slow-drip-of-headers", Drip(pause=0.05, head=True), limits=DRIPPING),
        taken("cut-body", CutBody()),
        taken("cut-chunks", CutBody(chunked=True)),
        taken("too-long", WrongLength(by=7)),
        taken("too-short", WrongLength(by=-7)),
        taken("broken-json", BrokenJson(**heard)),
        *(taken(f"json-{shape}", OtherJson(shape=shape, **heard)) for shape in STRANGE),
        taken("html-200", Html(status=200, **heard)),
        *(
            stop(f"noise-{number}", fault, Outcome(OutcomeUnknownError, "outcome_unknown", 200))
            for number, fault in enumerate(NOISE)
        ),
        *(taken(f"empty-{status}", Empty(status, **heard)) for status in (200, 201, 204)),
        taken("huge", Huge(size=10 * MIB)),
        taken("huge-gzipped", Huge(size=10 * MIB, gzipped=True)),
        *(stop(f"redirect-{n}", Redirect(status=n), Outcome(CloudError, f"http_{n}", n)) for n in (301, 302, 307, 308)),
        *(taken(f"{n}", Unavailable(status=n, **heard)) for n in (408, 500, 502, 503, 504)),
        stop("throttled-for-a-second", Throttle(retry_after=1), FINE, 2, times=1, taken=1, least=1.0),
        stop("throttled-until-a-date", Throttle(retry_after=2, as_date=True), FINE, 2, times=1, taken=1, least=0.9),
        stop("throttled-for-an-hour", Throttle(retry_after=3600), Outcome(UnreachableError, "APIGW.0308", 429)),
        stop("flapping-503", Unavailable(), Outcome(OutcomeUnknownError, "outcome_unknown", 503), times=3),
        stop("503-for-a-second", Throttle(status=503), FINE, 2, times=1, taken=1, least=1.0),
        stop(
            "another-instance",
            Answer(body='{"id": "another", "status": "STOPPING"}'),
            Outcome(OutcomeUnknownError, "foreign_answer"),
        ),
        stop("error-of-a-megabyte", Answer(status=409, body="<" * (MIB - 1)), Outcome(CloudError, "http_409", 409)),
    ]


DOUBTFUL: List[Fault] = [
    Reset(),
    Delay(seconds=600.0),
    *(Unavailable(status=status) for status in (408, 500, 502, 503, 504)),
    Html(status=200),
    Html(status=503),
    BrokenJson(),
    OtherJson(shape="nested"),
]
"""After these a stop may be taken yet."""

CASES = [*_shows(), *_stops()]
