"""Times and durations as people write them: never in the past, always with a zone."""

from __future__ import annotations

import contextlib
import datetime
import time
import zoneinfo
from typing import Any, Iterator

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from jupyter_notebook_stop.notebook.times import duration_words, parse_at, parse_duration, time_words

UTC = datetime.timezone.utc
BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
HOUR = datetime.timedelta(hours=1)

ZONES = ["UTC", "Asia/Shanghai", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Apia"]

if not hasattr(time, "tzset"):
    pytest.skip("the local zone cannot be set", allow_module_level=True)


@contextlib.contextmanager
def local_zone(name: str) -> Iterator[zoneinfo.ZoneInfo]:
    """Make `name` the local zone of this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", name)
        time.tzset()
        try:
            yield zoneinfo.ZoneInfo(name)
        finally:
            patch.undo()
            time.tzset()


moments = st.datetimes(datetime.datetime(2020, 1, 1), datetime.datetime(2037, 1, 1), timezones=st.just(UTC))
aware = st.datetimes(
    datetime.datetime(2020, 1, 1),
    datetime.datetime(2037, 1, 1),
    timezones=st.one_of(
        st.sampled_from(ZONES).map(zoneinfo.ZoneInfo),
        st.integers(-1439, 1439).map(lambda minutes: datetime.timezone(datetime.timedelta(minutes=minutes))),
        st.integers(-86399, 86399).map(lambda seconds: datetime.timezone(datetime.timedelta(seconds=seconds))),
    ),
)

spans = st.timedeltas(datetime.timedelta.resolution, datetime.timedelta(days=17 * 365))


def at(*parts: int, zone: Any = UTC) -> datetime.datetime:
    return datetime.datetime(*parts, tzinfo=zone)  # type: ignore[arg-type, misc]


def parsed(value: Any, now: datetime.datetime) -> datetime.datetime | str:
    """Return the time, or why it is refused."""
    try:
        return parse_at(value, now)
    except ValueError as error:
        return str(error)


class TestTimeOfDay:
    """The next time that the clock shows it."""

    @given(now=moments, clock=st.times(), zone=st.sampled_from(ZONES))
    @example(now=at(2030, 3, 31, 0, 0), clock=datetime.time(2, 30), zone="Europe/Berlin")
    @example(now=at(2030, 3, 31, 20, 0), clock=datetime.time(2, 30), zone="Europe/Berlin")
    @example(now=at(2030, 10, 27, 0, 40), clock=datetime.time(2, 30), zone="Europe/Berlin")
    def test_never_past_always_with_a_zone_and_as_written(
        self, now: datetime.datetime, clock: datetime.time, zone: str
    ) -> None:
        with local_zone(zone) as local:
            found = parsed(clock.isoformat(), now)
        if isinstance(found, str):
            # Only of an hour that is left out, and that is seldom.
            assert "clocks are set forward past" in found
            assert zone in ("Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe")
            return
        assert now < found <= now + 25 * HOUR
        shown = found.astimezone(local)
        assert shown.time() == clock
        assert shown.utcoffset() == found.utcoffset()

    @pytest.mark.parametrize(
        ("text", "found"),
        [
            ("23:30", at(2030, 1, 31, 23, 30)),
            (" 9:15 ", at(2030, 2, 1, 9, 15)),
            ("12:00:01", at(2030, 1, 31, 12, 0, 1)),
            ("12:00", at(2030, 2, 1, 12)),
            ("12:00+08:00", at(2030, 2, 1, 4)),
            ("23:30 Z", at(2030, 1, 31, 23, 30)),
        ],
    )
    def test_examples(self, text: str, found: datetime.datetime) -> None:
        with local_zone("UTC"):
            assert parse_at(text, at(2030, 1, 31, 12)) == found

    def test_an_hour_that_the_clocks_leave_out_is_refused(self) -> None:
        with local_zone("Europe/Berlin"):
            with pytest.raises(ValueError, match="clocks are set forward past 2030-03-31 02:30:00"):
                parse_at("02:30", at(2030, 3, 30, 12))
            # The day after it is there again.
            assert parse_at("02:30", at(2030, 3, 31, 12)) == at(2030, 4, 1, 2, 30, zone=BERLIN)

    def test_an_hour_that_comes_twice_is_the_next_of_the_two(self) -> None:
        with local_zone("Europe/Berlin"):
            first, second = at(2030, 10, 27, 0, 30), at(2030, 10, 27, 1, 30)
            assert parse_at("02:30", first - HOUR) == first
            assert parse_at("02:30", first) == second
            assert parse_at("2030-10-27T02:30", first) == second
            assert parse_at("02:30", second) == at(2030, 10, 28, 1, 30)


class TestDateAndTime:
    """ISO 8601, or a datetime."""

    @given(when=aware, ahead=spans, zone=st.sampled_from(ZONES))
    def test_round_trip(self, when: datetime.datetime, ahead: datetime.timedelta, zone: str) -> None:
        again = when.astimezone(UTC).astimezone(when.tzinfo)
        assume(again == when and again.replace(tzinfo=None) == when.replace(tzinfo=None))
        now = when.astimezone(UTC) - ahead
        with local_zone(zone):
            found = parse_at(when, now)
            assert found.astimezone(UTC) == when.astimezone(UTC)
            again = parse_at(found.isoformat(), now)
        assert (again, again.utcoffset()) == (found, found.utcoffset())
        # In whole minutes: JSON has no form for more.
        assert found.utcoffset() == datetime.timedelta(minutes=found.utcoffset() // datetime.timedelta(minutes=1))  # type: ignore[operator]

    @given(when=aware, ago=spans | st.just(datetime.timedelta()))
    def test_a_past_time_is_refused(self, when: datetime.datetime, ago: datetime.timedelta) -> None:
        now = when.astimezone(UTC) + ago
        with pytest.raises(ValueError, match="at is in the past: "):
            parse_at(when, now)

    @given(now=moments, when=st.datetimes(datetime.datetime(2038, 1, 1)), zone=st.sampled_from(ZONES))
    @example(now=at(2030, 1, 1), when=datetime.datetime.max, zone="America/St_Johns")
    @example(now=at(2030, 1, 1), when=datetime.datetime.max, zone="Australia/Lord_Howe")
    def test_without_a_zone_it_is_local(self, now: datetime.datetime, when: datetime.datetime, zone: str) -> None:
        with local_zone(zone):
            for form in (when, when.isoformat(), when.isoformat(sep=" ")):
                found = parsed(form, now)
                if isinstance(found, str):
                    assert "too far away" in found or "clocks are set forward past" in found
                    continue
                assert found.replace(tzinfo=None) == when.replace(fold=0)
                assert found.utcoffset() == when.astimezone().utcoffset()

    @pytest.mark.parametrize("zone", [None, BERLIN])
    def test_a_datetime_that_the_clocks_leave_out_is_refused(self, zone: Any) -> None:
        with (
            local_zone("Europe/Berlin"),
            pytest.raises(ValueError, match="clocks are set forward past 2030-03-31 02:30:00"),
        ):
            parse_at(datetime.datetime(2030, 3, 31, 2, 30, tzinfo=zone), at(2030, 1, 1))

    @pytest.mark.parametrize(
        ("text", "found"),
        [
            ("2030-01-31T23:30Z", at(2030, 1, 31, 23, 30)),
            ("2030-01-31 23:30:01.5+0800", at(2030, 1, 31, 15, 30, 1, 500_000)),
            ("2030-01-31t23:30 -05:30", at(2030, 2, 1, 5)),
        ],
    )
    def test_examples(self, text: str, found: datetime.datetime) -> None:
        assert parse_at(text, at(2030, 1, 1)) == found

    def test_by_default_the_present_counts(self) -> None:
        now = datetime.datetime.now(UTC)
        assert parse_at(now + HOUR) == now + HOUR
        with pytest.raises(ValueError, match="past"):
            parse_at(now - datetime.timedelta(seconds=1))


@pytest.mark.parametrize(
    "value",
    [
        *("", "soon", "24:00", "12:60", "1:2", "12", "2030-01-31", "2030-02-30T12:00", "12:00+25:00", "12:00+08:60"),
        *("12:00 Europe/Berlin", "12:00\n2030", "\u0661\u0662:30", "99999-01-01T00:00", "9999-12-31T23:59-12:00"),
        *(None, 12, 12.5, datetime.date(2030, 1, 31), datetime.time(12)),
    ],
)
def test_what_is_no_time_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r"^--at "):
        parse_at(value, at(2030, 1, 1), "--at")


class TestDuration:
    """In words, numbers, or as a timedelta."""

    @given(
        parts=st.tuples(st.integers(0, 99), st.integers(0, 999), st.integers(0, 9999), st.integers(0, 99999)),
        names=st.tuples(
            st.sampled_from(["d", "day", " days "]),
            st.sampled_from(["h", "H", " hour ", "hours"]),
            st.sampled_from(["m", "min", " minutes "]),
            st.sampled_from(["s", "sec", " seconds"]),
        ),
    )
    def test_units(self, parts: tuple[int, ...], names: tuple[str, ...]) -> None:
        assume(any(parts))
        text = "".join(f"{number}{name}" for number, name in zip(parts, names) if number)
        days, hours, minutes, seconds = parts
        expected = datetime.timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        assert parse_duration(text, "after") == expected
        assert parse_duration(expected, "after") == expected
        assert parse_duration(expected.total_seconds(), "after") == expected
        assert parse_duration(f"{expected.total_seconds()}", "after") == expected

    @pytest.mark.parametrize(
        ("value", "seconds"), [("2h", 7200), ("90min", 5400), ("1h30m", 5400), ("1.5h", 5400), ("600", 600), (0.5, 0.5)]
    )
    def test_examples(self, value: Any, seconds: float) -> None:
        assert parse_duration(value, "after").total_seconds() == seconds

    @pytest.mark.parametrize(
        "value",
        [
            *("", "h", "2 x", "30m1h", "1h1h", "1h 30", "-1h", "1e3", "1,5h", "\u0662h", "9" * 400, f"{'9' * 20}d"),
            *(0, -1, 1e-9, float("nan"), float("inf"), 10**400, True, None, [], datetime.timedelta(0)),
        ],
    )
    def test_what_is_none_is_refused(self, value: Any) -> None:
        with pytest.raises(ValueError, match=r"^--after "):
            parse_duration(value, "--after")

    @pytest.mark.parametrize(
        ("seconds", "words"),
        [
            *((0, "0 s"), (-3, "0 s"), (45, "45 s"), (59.6, "1 min"), (90, "1 min 30 s"), (600, "10 min")),
            *((3599, "59 min"), (3600, "1 h"), (11_520, "3 h 12 min"), (86_400, "24 h"), (172_800, "2 d")),
            *((183_600, "2 d 3 h"), (604_800, "7 d")),
        ],
    )
    def test_in_words(self, seconds: float, words: str) -> None:
        assert duration_words(seconds) == words

    @given(st.floats(60, 10**7))
    def test_words_can_be_read_back(self, seconds: float) -> None:
        # In its two largest units.
        assert abs(parse_duration(duration_words(seconds), "after").total_seconds() - seconds) <= seconds / 48 + 60


@pytest.mark.parametrize(
    ("zone", "words"),
    [
        ("UTC", "2030-01-31 23:30 UTC"),
        ("Asia/Shanghai", "2030-02-01 07:30 UTC+08:00"),
        ("America/St_Johns", "2030-01-31 20:00 UTC-03:30"),
    ],
)
def test_a_time_in_words_has_its_zone(zone: str, words: str) -> None:
    with local_zone(zone):
        assert time_words(at(2030, 1, 31, 23, 30)) == words
        assert time_words(at(2030, 1, 31, 23, 30, 5)) == words[:16] + ":05" + words[16:]
