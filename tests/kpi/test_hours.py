"""Opening hours as people write them."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpi import hours

BERLIN = ZoneInfo("Europe/Berlin")
MON, SAT, SUN = 0, 5, 6


def test_a_week_is_read_line_by_line():
    week = hours.parse("Mon-Fri 08:00-12:00 13:00-17:30\nsat 22:00-06:00; Sun, Mon 18:00-24:00")
    assert week[MON] == ((480, 720), (780, 1050), (1080, 1440))
    assert week[1] == ((480, 720), (780, 1050))
    assert week[SAT] == ((1320, 1800),)
    assert week[SUN] == ((1080, 1440),)


def test_a_range_of_days_may_cross_the_weekend():
    assert [bool(day) for day in hours.parse("Sat-Mon 08:00-09:00")] == [True, False, False, False, False, True, True]


def test_nothing_written_is_always_open():
    assert hours.parse(" \n") == ()
    assert hours.closed_until("", (), BERLIN, datetime(2026, 1, 31, tzinfo=UTC)) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("always", "is not like"),
        ("08:00-09:00", "is not like"),
        ("Mon", "is not like"),
        ("Mon 8-9", "is not a span"),
        ("Mon 08:00", "is not a span"),
        ("Mon 08:60-09:00", "is not a span"),
        ("Mon 24:00-25:00", "is not a span"),
        ("Mon 08:00-08:00", "is not a span"),
        ("Mon 08:00-24:01", "is not a span"),
        ("Foo 08:00-09:00", "is not like"),
        ("Mon-Tue-Wed 08:00-09:00", "range of days"),
        ("Mon 08:00-12:00 11:00-13:00", "Two openings on Mon overlap"),
        ("Mon 22:00-06:00\nTue 05:00-08:00", "Two openings on Tue overlap"),
        ("Sun 22:00-06:00; Mon 05:00-08:00", "Two openings on Mon overlap"),
    ],
)
def test_what_cannot_be_read_is_said_in_words(text, said):
    with pytest.raises(ValueError, match=said):
        hours.parse(text)


@pytest.mark.parametrize(
    ("text", "local", "until"),
    [
        ("Mon-Sun 08:00-20:00", "2026-01-31T08:00", None),
        ("Mon-Sun 08:00-20:00", "2026-01-31T20:00", "2026-02-01T08:00"),
        ("Mon-Sun 08:00-20:00", "2026-01-31T07:59", "2026-01-31T08:00"),
        ("Fri 22:00-06:00", "2026-01-31T05:59", None),
        ("Fri 22:00-06:00", "2026-01-31T06:00", "2026-02-06T22:00"),
        ("Sat 08:00-24:00", "2026-01-31T23:59", None),
        ("Sat 08:00-24:00", "2026-02-01T00:00", "2026-02-07T08:00"),
        ("Sat-Sun 00:00-24:00", "2026-02-01T00:00", None),
        # The night of 28 to 29 March 2026 has no half past two: a night shift of 22:00 to 06:00 has seven hours.
        ("Sat 22:00-06:00", "2026-03-29T05:59", None),
        ("Sat 22:00-06:00", "2026-03-29T06:00", "2026-04-04T22:00"),
    ],
)
def test_closed_until(text, local, until):
    at = datetime.fromisoformat(local).replace(tzinfo=BERLIN)
    opens = None if until is None else datetime.fromisoformat(until).replace(tzinfo=BERLIN)
    assert hours.closed_until(text, (), BERLIN, at) == opens


def test_on_a_holiday_nothing_begins():
    at, day = datetime(2026, 1, 31, 9, tzinfo=UTC), date(2026, 1, 31)
    assert hours.closed_until("Mon-Sun 08:00-20:00", {day}, UTC_ZONE, at) == datetime(2026, 2, 1, 8, tzinfo=UTC)
    assert hours.closed_until("", {day}, UTC_ZONE, at) == datetime(2026, 2, 1, tzinfo=UTC)
    assert hours.closed_until("Fri 22:00-10:00", {day}, UTC_ZONE, at) is None


UTC_ZONE = ZoneInfo("UTC")


def test_one_that_never_opens_is_closed_for_more_than_a_year():
    at = datetime(2026, 1, 31, tzinfo=UTC)
    ever = {date(2026, 1, 1) + timedelta(days=n) for n in range(500)}
    assert hours.closed_until("Mon-Sun 08:00-20:00", ever, UTC_ZONE, at) == at + timedelta(days=400)


@pytest.mark.parametrize(
    ("day", "length"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 1, 31), 24)]
)
def test_a_local_day_has_23_to_25_hours(day, length):
    begin, end = hours.day_bounds(day, BERLIN)
    assert end - begin == timedelta(hours=length)
    assert hours.local_day(begin, BERLIN) == hours.local_day(end - timedelta(seconds=1), BERLIN) == (begin, end)


@given(st.integers(0, 365 * 24 * 60), st.sampled_from(["Mon-Fri 08:00-18:00", "Sat 22:00-06:00", "Sun 00:00-24:00"]))
def test_when_it_says_it_opens_it_is_open_and_not_a_minute_before(minutes, text):
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    until = hours.closed_until(text, (), BERLIN, at)
    if until is not None:
        assert until > at
        assert hours.closed_until(text, (), BERLIN, until) is None
        assert hours.closed_until(text, (), BERLIN, until - timedelta(seconds=1)) == until


@pytest.mark.parametrize(
    ("text", "local", "since"),
    [
        ("Mon-Fri 08:00-18:00", "2026-01-26 08:00", "2026-01-26 08:00"),
        ("Mon-Fri 08:00-18:00", "2026-01-26 17:59", "2026-01-26 08:00"),
        ("Mon-Fri 08:00-18:00", "2026-01-26 18:00", None),
        ("Mon-Fri 08:00-18:00", "2026-01-25 12:00", None),
        ("Mon 08:00-12:00, 13:00-17:00", "2026-01-26 14:00", "2026-01-26 13:00"),
        ("Mon 22:00-06:00", "2026-01-27 05:00", "2026-01-26 22:00"),
        ("Mon-Tue 00:00-24:00", "2026-01-27 09:00", "2026-01-26 00:00"),  # two days that touch are one opening
        ("Sun 20:00-24:00; Mon 00:00-08:00", "2026-01-26 07:00", "2026-01-25 20:00"),
        ("Mon 00:00-08:00", "2026-01-26 00:00", "2026-01-26 00:00"),
    ],
)
def test_since_when_it_is_open(text: str, local: str, since: str | None):
    zone = ZoneInfo("Europe/Berlin")
    at = datetime.fromisoformat(local).replace(tzinfo=zone)
    expected = None if since is None else datetime.fromisoformat(since).replace(tzinfo=zone)
    assert hours.open_since(text, (), zone, at) == expected


def test_on_a_holiday_it_is_closed_and_without_hours_it_never_closes():
    zone, at = ZoneInfo("Europe/Berlin"), datetime(2026, 1, 26, 12, tzinfo=UTC)
    assert hours.open_since("Mon-Fri 08:00-18:00", {at.date()}, zone, at) is None
    assert hours.open_since("", {at.date()}, zone, at) is None
    assert hours.open_since("", (), zone, at) == hours.ALWAYS
