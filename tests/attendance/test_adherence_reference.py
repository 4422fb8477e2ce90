"""Adherence against an independent reference that paints every minute of every person (DOMAIN 1.2, 3.16).

Each example has six people on two days around a change of the clocks, or none: split shifts, shifts over midnight,
breaks, training and leave, states of agents that come late, twice, corrected or in any order, check-ins beside them or
instead of them.
"""

from datetime import datetime, timedelta
from functools import cache
from random import Random
from typing import NamedTuple

from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from attendance import services
from attendance.agent_states import adherence_rows
from attendance.agent_states.adherence_times import AdherenceTimes
from attendance.ingest.rows import StateRow
from attendance.microseconds import to_microseconds
from attendance.presence.intervals import MINUTE
from attendance.services import RecordRow, ShiftRow
from intraday.ingest.posts import Post
from intraday.org.models import Organization, Scope
from intraday.org.services import add_queues
from tests.attendance.minutes import BERLIN, DEPARTMENTS, WEEKENDS, Minutes, Planned, Stated, elapsed, moment
from tests.backlog.conftest import with_database

PEOPLE = [f"person {number}" for number in range(6)]
DAYS, EXAMPLES = 2, 42  # of six people each: 504 days
TOLERANCE, LASTS = 5, 600
WORK, TRAINING = "work", "training"
ACTIVITIES = {
    "available": WORK,
    "on_contact": WORK,
    "after_contact": WORK,
    "break": "break",
    "lunch": "break",
    "training": TRAINING,
    "meeting": TRAINING,
    "other": "other",
    "offline": "offline",
}
QUEUES = ("support", "billing")


class Said(NamedTuple):
    person: str
    minute: int
    state: str


class Piece(NamedTuple):
    planned: Planned
    queues: tuple[str, ...]


# --- the reference ---------------------------------------------------------------------------------------------------
class PersonMinutes:
    """The minutes of one person: what she is to do, and what she does."""

    def __init__(self, pieces: list[Piece], stated: list[Stated], said: list[Said]) -> None:
        self.pieces = [each for each in pieces if not each.planned.cancelled]
        self.at: dict[int, list[Piece]] = {}
        for each in self.pieces:
            for minute in range(each.planned.start, each.planned.end):
                self.at.setdefault(minute, []).append(each)
        self.clock = Minutes([each.planned for each in pieces], stated).cells
        self.said, self.since = self.paint(sorted(said, key=lambda each: each.minute))

    @staticmethod
    def paint(said: list[Said]) -> tuple[dict[int, str], dict[int, int]]:
        """The reported activity of each minute, and the minute in which that activity began."""
        painted: dict[int, str] = {}
        for each in said:
            painted |= dict.fromkeys(range(each.minute, each.minute + LASTS), ACTIVITIES[each.state])
        since: dict[int, int] = {}
        for minute in sorted(painted):
            goes_on = painted.get(minute - 1) == painted[minute]
            since[minute] = since[minute - 1] if goes_on else minute
        return painted, since

    @cache  # noqa: B019 - lives for one example
    def asked(self, minute: int) -> str | None:
        kinds, cell = {each.planned.kind for each in self.at.get(minute, ())}, self.clock.get(minute)
        if kinds & {"leave", "day_off"} or (cell is not None and cell.status in ("on_leave", "day_off")):
            return None
        return next((kind for kind in ("break", "training", "work") if kind in kinds), None)

    @cache  # noqa: B019
    def does(self, minute: int) -> str | None:
        said, cell = self.said.get(minute), self.clock.get(minute)
        status = "" if cell is None else {"paused": "on_break"}.get(cell.status, cell.status)
        if status == "checked_out" and said is not None and cell is not None:
            return said if self.since[minute] > cell.since else None
        if said not in (None, "offline"):
            return said
        clocked = {"on_break": "break", "training": "training"}.get(status)
        if clocked is not None:
            return clocked
        return WORK if said is None and status == "present" else None

    @cache  # noqa: B019
    def serves(self, department: str, queue: str) -> set[int]:
        """The minutes of a queue, or of a department: breaks and training count where no work covers them."""
        found = set()
        for minute, pieces in self.at.items():
            there = [each for each in pieces if each.planned.kind in ("work", "break", "training")]
            there = [each for each in there if each.planned.kind == "work"] or there
            if any(each.planned.department == department and (not queue or queue in each.queues) for each in there):
                found.add(minute)
        return found

    @cache  # noqa: B019
    def out(self, first: int, last: int) -> set[int]:
        """The minutes of deviations that last longer than the tolerance."""
        found: set[int] = set()
        run: list[int] = []
        for minute in range(first, last + 1):
            asked = self.asked(minute) if minute < last else None
            if asked is not None and self.does(minute) != asked:
                run.append(minute)
                continue
            found |= set(run) if len(run) > TOLERANCE else set()
            run = []
        return found

    def times(self, day: range, at: int, department: str = "", queue: str = "") -> tuple[int, int, int, int]:
        until = min(day.stop, at)
        out = self.out(day.start - 240, min(day.stop + 240, at))
        minutes = set(range(day.start, until))
        if department:
            minutes &= self.serves(department, queue)
        scheduled = [minute for minute in minutes if self.asked(minute) is not None]
        return (
            len(scheduled),
            sum(minute not in out for minute in scheduled),
            sum(self.asked(minute) in (WORK, TRAINING) for minute in minutes),
            sum(self.does(minute) in (WORK, TRAINING) for minute in minutes),
        )


# --- days of work ----------------------------------------------------------------------------------------------------
def pieces_of(person: str, day: int, random: Random) -> list[Piece]:
    """A person's day as it is planned, in minutes by the clock on the wall; sometimes split, sometimes none."""
    if random.random() < 0.12:
        return []
    queues = random.choice([(), ("support",), QUEUES])
    department = random.choice(DEPARTMENTS)
    start = day * 1440 + random.choice([0, 1, 6, 8, 9, 14, 20, 22]) * 60 + random.choice([0, 15, 30])
    length = random.choice([180, 300, 480])

    def piece(kind: str, begin: int, minutes: int, code: str = department, cancelled: bool = False) -> Piece:
        return Piece(Planned(person, code, kind, begin, begin + minutes, cancelled), queues if kind == "work" else ())

    found = [piece("work", start, length)]
    for _ in range(random.randint(0, 3)):
        kind = random.choice(["break", "break", "training"])
        found.append(piece(kind, start + random.randrange(0, length, 15), random.choice([15, 30, 60])))
    if random.random() < 0.3:
        found.append(piece("work", start + length + random.choice([0, 30, 90]), 120, random.choice(DEPARTMENTS)))
    if random.random() < 0.15:
        found.append(piece(random.choice(["leave", "day_off"]), start + 60, random.choice([60, 600])))
    if random.random() < 0.1:
        found.append(piece("work", start - 120, 600, cancelled=True))
    return found


def states_of(person: str, pieces: list[Piece], random: Random) -> list[Said]:
    """States that follow the plan more or less, with deviations around the tolerance."""
    found = []
    for each in pieces:
        if each.planned.cancelled:
            continue
        minute = each.planned.start + random.choice([-10, -1, 0, 0, 3, 5, 6, 7, 40])
        if each.planned.kind in ("break", "training"):
            found.append(Said(person, minute, random.choice(["break", "lunch", "training", "meeting"])))
            found.append(Said(person, each.planned.end + random.choice([-4, 0, 5, 6, 15]), "available"))
            continue
        while minute < each.planned.end:
            found.append(Said(person, minute, random.choice(["available", "on_contact", "after_contact", "other"])))
            minute += random.choice([4, 5, 6, 17, 60, 200])
        if random.random() < 0.8:
            found.append(Said(person, each.planned.end + random.choice([-20, -5, 0, 10]), "offline"))
    return list({each.minute: each for each in found}.values())


def records_of(person: str, pieces: list[Piece], random: Random) -> list[Stated]:
    work = [each.planned for each in pieces if each.planned.kind == "work" and not each.planned.cancelled]
    found = []
    for each in work:
        start = each.start + random.choice([-20, 0, 4, 6, 30])
        found.append(Stated(person, start, random.choice(["present", "late"])))
        if random.random() < 0.5:
            away = start + random.choice([30, 60, 90])
            found.append(Stated(person, away, random.choice(["on_break", "training", "checked_out"])))
            found.append(Stated(person, away + random.choice([5, 20, 45]), "present"))
        if random.random() < 0.7:
            found.append(Stated(person, each.end + random.choice([-30, -3, 0, 8]), "checked_out"))
        if random.random() < 0.1:
            found.append(Stated(person, start + 45, random.choice(["on_leave", "day_off"])))
    return list({each.minute: each for each in found}.values())


# --- posting ---------------------------------------------------------------------------------------------------------
def post_all(organization: Organization, midnight: datetime, rows: list[object], random: Random) -> None:
    """Post in any order, a few rows at a time; some rows come twice, and some come wrong and are corrected."""
    random.shuffle(rows)
    wrong = [
        each._replace(state=random.choice(list(ACTIVITIES)))
        for each in rows
        if isinstance(each, Said) and random.random() < 0.2
    ]
    again = [each for each in rows if random.random() < 0.1]
    ordered = [*wrong, *rows, *again]
    size = random.choice([100, 400])
    for first in range(0, len(ordered), size):
        _post(organization, midnight, ordered[first : first + size])


def _post(organization: Organization, midnight: datetime, rows: list[object]) -> None:
    now = moment(midnight, 6 * 1440)
    shifts = {n: as_shift(midnight, each) for n, each in enumerate(rows) if isinstance(each, Piece)}
    states = {n: as_state(midnight, each) for n, each in enumerate(rows) if isinstance(each, Said)}
    records = {n: as_record(midnight, each) for n, each in enumerate(rows) if isinstance(each, Stated)}
    if shifts:
        services.ingest_shifts(Post(organization=organization, rows=shifts, now=now))
    if states:
        services.ingest_states(Post(organization=organization, rows=states, now=now))
    if records:
        services.ingest(Post(organization=organization, rows=records, now=now))


def as_shift(midnight: datetime, each: Piece) -> ShiftRow:
    planned = each.planned
    return ShiftRow(
        shift_id=" ".join(map(str, planned)),
        employee_id=planned.person,
        department_id=planned.department,
        queue_names=list(each.queues),
        start=moment(midnight, planned.start),
        end=moment(midnight, planned.end),
        kind=planned.kind,
        cancelled=planned.cancelled,
    )


def as_state(midnight: datetime, each: Said) -> StateRow:
    return StateRow(
        employee_id=each.person,
        department_id=DEPARTMENTS[0],
        state=each.state,
        since=moment(midnight, each.minute),
    )


def as_record(midnight: datetime, each: Stated) -> RecordRow:
    return RecordRow(
        employee_id=each.person,
        department_id=DEPARTMENTS[0],
        time=moment(midnight, each.minute),
        status=each.status,
    )


# --- the property ----------------------------------------------------------------------------------------------------
@settings(with_database, max_examples=EXAMPLES)
@given(st.sampled_from(list(WEEKENDS)), st.randoms(use_true_random=False))
def test_adherence_and_conformance_equal_the_reference(organization: Organization, midnight: datetime, random: Random):
    people, rows = {}, list[object]()
    for person in PEOPLE:
        wall = [each for day in range(DAYS) for each in pieces_of(person, day, random)]
        feeds = random.choice(["states", "states", "both", "records"])
        said = states_of(person, wall, random) if feeds != "records" else []
        stated = records_of(person, wall, random) if feeds != "states" else []
        pieces = [
            each._replace(
                planned=each.planned._replace(
                    start=elapsed(midnight, each.planned.start), end=elapsed(midnight, each.planned.end)
                )
            )
            for each in wall
        ]
        pieces = [each for each in pieces if each.planned.start < each.planned.end]  # others lie in a skipped hour
        said = list({(m := elapsed(midnight, each.minute)): each._replace(minute=m) for each in said}.values())
        stated = list({(m := elapsed(midnight, each.minute)): each._replace(minute=m) for each in stated}.values())
        people[person] = PersonMinutes(pieces, stated, said)
        rows += [*pieces, *said, *stated]
    with transaction.atomic():
        add_queues(organization, [(code, queue) for code in DEPARTMENTS for queue in QUEUES])
        post_all(organization, midnight, rows, random)
        at = random.choice([6 * 1440, random.randrange(3 * 1440)])
        for day in range(DAYS + 1):
            check(organization, midnight, day, at, people)
        transaction.set_rollback(True)


def check(
    organization: Organization, midnight: datetime, number: int, at: int, people: dict[str, PersonMinutes]
) -> None:
    whole = Scope.objects.get(organization=organization, department_id="", queue_name="")
    day = range(elapsed(midnight, number * 1440), elapsed(midnight, (number + 1) * 1440))
    date = (midnight + timedelta(days=number)).astimezone(BERLIN).date()
    loaded = adherence_rows.load(
        whole, date, at=to_microseconds(moment(midnight, at)), zone=BERLIN, tolerance=TOLERANCE * MINUTE
    )
    found = {row.person.employee_id: minutes(row.times) for row in adherence_rows.by_person(loaded) if row.person}
    expected = {person: each.times(day, at) for person, each in people.items()}
    assert found == {person: times for person, times in expected.items() if times[0] or times[3]}
    by_queue = {(row.department_id, row.queue_name): minutes(row.times) for row in adherence_rows.by_queue(loaded)}
    for code in DEPARTMENTS:
        for queue in QUEUES:
            sums = zip(*(each.times(day, at, code, queue) for each in people.values()), strict=True)
            assert by_queue.get((code, queue), (0, 0, 0, 0)) == tuple(map(sum, sums))


def minutes(times: AdherenceTimes) -> tuple[float, ...]:
    return tuple(each / MINUTE for each in times)
