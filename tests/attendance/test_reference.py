"""Headcount against an independent reference that paints every minute of every person (DOMAIN 3.7).

The reference (tests.attendance.minutes) paints what each record says and looks the counts up. Shifts, check-ins and
check-outs are made as days of work are, in the hope of meeting every rule often: split shifts, two departments, nights,
breaks with and without clock-outs, forgotten check-outs, early and late check-ins, days on which the clocks change.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from random import Random
from typing import Any

from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from attendance import services
from attendance.presence.headcounts import Headcount
from attendance.services import RecordRow, ShiftRow
from intraday.ingest.posts import Post
from intraday.org.models import Organization
from intraday.org.services import add_queues
from tests.attendance.minutes import DEPARTMENTS, WEEKENDS, Minutes, Planned, Stated, as_elapsed, moment
from tests.attendance.posting import headcounts_at
from tests.backlog.conftest import with_database

# --- days of work ----------------------------------------------------------------------------------------------------
PEOPLE = ("ada", "ben", "cy")


@st.composite
def days(draw: st.DrawFn, person: str, day: int) -> tuple[list[Planned], list[Stated]]:
    """A person's shifts and records of a day, in minutes by the clock on the wall."""
    start = day * 1440 + draw(st.sampled_from([0, 6, 8, 12, 14, 22])) * 60
    length = draw(st.sampled_from([180, 480, 600]))
    planned, stated = [Planned(person, draw(CODES), "work", start, start + length)], list[Stated]()
    pause = start + draw(st.sampled_from([60, 120, length - 60, length - 15]))
    if draw(st.booleans()):
        planned.append(Planned(person, DEPARTMENTS[0], "break", pause, pause + draw(st.sampled_from([15, 45]))))
    for _ in range(draw(st.integers(0, 2))):
        other = start + draw(st.sampled_from([0, 60, length, length + 60, length + 120, length + 121, length + 240]))
        kind = draw(st.sampled_from(["work", "work", "training", "leave", "day_off"]))
        cancelled = draw(st.sampled_from([False, False, True]))
        planned.append(Planned(person, draw(CODES), kind, other, other + 180, cancelled))
    if draw(st.integers(0, 5)):
        came = (
            start
            + draw(st.sampled_from([-300, -241, -240, -200, -61, -60, -10, 0, 5, 6, 45, 200]))
            + draw(st.sampled_from([0, 0, 1]))
        )
        stated.append(Stated(person, came, draw(st.sampled_from(["present", "late", "training"]))))
        if draw(st.booleans()):
            out = pause + draw(st.sampled_from([-6, -5, 0, 10]))
            stated.append(Stated(person, out, draw(st.sampled_from(["checked_out", "checked_out", "on_break"]))))
            if draw(st.booleans()):
                stated.append(Stated(person, out + draw(st.sampled_from([10, 30, 50, 60])), "present"))
        if draw(st.booleans()):
            gone = start + length + draw(st.sampled_from([-120, -6, -5, 0, 30, 200]))
            said, came_too = gone + draw(st.sampled_from([0, 0, 40])), draw(st.sampled_from([None, came]))
            stated.append(Stated(person, said, "checked_out", came_too, gone if said > gone else None))
    return planned, stated


CODES = st.sampled_from(DEPARTMENTS)
ARRIVALS = st.sampled_from([-300, -241, -240, -200, -61, -60, -10, 0, 5, 6, 45, 200])
STRAY = st.builds(
    lambda person, minute, status, back: Stated(person, minute, status, None if back is None else minute - back),
    st.sampled_from(PEOPLE),
    st.integers(0, 3 * 1440),
    st.sampled_from(["present", "late", "on_break", "training", "absent", "on_leave", "day_off", "checked_out"]),
    st.sampled_from([None, None, 0, 30, 300, 700, 1500]),
)
WORK = st.tuples(*(days(person, day) for person in PEOPLE[:2] for day in range(3)))


@settings(with_database, max_examples=40)
@given(st.sampled_from(list(WEEKENDS)), WORK, st.lists(STRAY, max_size=4), st.data())
def test_counts_equal_the_reference_at_every_instant(
    organization: Organization, midnight: datetime, work: Any, stray: list[Stated], data: st.DataObject
):
    planned = [as_elapsed(midnight, each) for day, _ in work for each in day]
    told = [*(as_elapsed(midnight, each) for _, day in work for each in day), *stray]
    stated = {(each.person, each.minute): each for each in told}
    with transaction.atomic():
        add_queues(organization, [(code, "") for code in DEPARTMENTS])
        rows = data.draw(st.permutations([*enumerate(planned), *enumerate(stated.values())]))
        size = data.draw(st.sampled_from([2, 7, 100]))
        for first in range(0, len(rows), size):
            post(organization, midnight, rows[first : first + size])
        people = {
            name: Minutes(
                [each for each in planned if each.person == name], [e for e in stated.values() if e.person == name]
            )
            for name in PEOPLE
        }
        edges = {e + near for each in planned for e in (each.start, each.end) for near in (-30, 0, 5, 6, 60, 121)}
        edges |= {each.minute + near for each in stated.values() for near in (0, 5, 45)}
        chosen = Random(data.draw(st.integers(0, 1000)))
        for at in chosen.sample(sorted(edges), min(40, len(edges))) + chosen.sample(range(4 * 1440), 5):
            check(midnight, at, people)
        transaction.set_rollback(True)


def check(midnight: datetime, at: int, people: dict[str, Minutes]) -> None:
    counted = headcounts_at(moment(midnight, at))
    for code in ("", *DEPARTMENTS):
        expected = sum((each.counts(at, code) for each in people.values()), Counter[str]())
        found = counted.get(code, Headcount())
        values = {name: getattr(found, name) for name in Headcount.__slots__} | {"lost": found.lost_minutes}
        assert {name: value for name, value in values.items() if value} == {n: v for n, v in expected.items() if v}
        assert found.scheduled == found.present + found.expected + found.absent + found.left_early
        assert found.late <= found.present
        assert found.no_show <= found.absent
        assert found.scheduled + found.on_leave + found.unscheduled <= len(people)


def post(organization: Organization, midnight: datetime, rows: Sequence[tuple[int, Any]]) -> None:
    now = moment(midnight, 5 * 1440)
    shifts = {n: as_shift(midnight, n, each) for n, each in rows if isinstance(each, Planned)}
    records = {n: as_record(midnight, each) for n, each in rows if isinstance(each, Stated)}
    if shifts:
        services.ingest_shifts(Post(organization=organization, rows=shifts, now=now))
    if records:
        services.ingest(Post(organization=organization, rows=records, now=now))


def as_shift(midnight: datetime, number: int, each: Planned) -> ShiftRow:
    return ShiftRow(
        shift_id=f"shift {number}",
        employee_id=each.person,
        department_id=each.department,
        start=moment(midnight, each.start),
        end=moment(midnight, each.end),
        kind=each.kind,
        cancelled=each.cancelled,
    )


def as_record(midnight: datetime, each: Stated) -> RecordRow:
    return RecordRow(
        employee_id=each.person,
        department_id=DEPARTMENTS[0],
        time=moment(midnight, each.minute),
        status=each.status,
        checked_in_at=None if each.came is None else moment(midnight, each.came),
        checked_out_at=None if each.went is None else moment(midnight, each.went),
    )
