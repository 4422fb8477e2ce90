"""The demonstration's people: their published shifts, and when each really came, took breaks and left."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import count
from random import Random
from typing import NamedTuple

from intraday.api_client.rows import Row, iso
from intraday.simulator.profiles import WAVES, Profile, SkillGroup, Wave

HOUR, MINUTE = 3600.0, 60.0
ABSENT, ON_LEAVE, LATE, TRAINED = 0.03, 0.03, 0.10, 0.08  # of the people of a day
LUNCH, OVERRUN = 20 * MINUTE, 8 * MINUTE
# fmt: off
FIRST_NAMES = ("Mara", "Jonas", "Aylin", "Piet", "Sofia", "Emre", "Lena", "Tariq", "Ines", "Kofi", "Greta", "Milan",
               "Noor", "Felix", "Yara", "Oskar", "Dana", "Luis")
LAST_NAMES = ("Keller", "Yilmaz", "Novak", "Brandt", "Okafor", "Silva", "Haas", "Petrov", "Lindner", "Weiss", "Costa",
              "Maurer", "Ziegler")
# fmt: on


class Person(NamedTuple):
    id: str
    name: str
    department: str
    queues: tuple[str, ...]
    wave: Wave
    place: int  # among those of her wave: breaks are staggered by it


class Piece(NamedTuple):
    """A part of a published shift, in seconds of the epoch."""

    kind: str
    start: float
    end: float


class Record(NamedTuple):
    """The status of a person from `time` on; `state` is what the ACD calls it, where that is more exact."""

    time: float
    person: Person
    status: str
    came: float | None = None
    state: str = ""


@dataclass(frozen=True, slots=True)
class PersonDay:
    """One person's day: as published, and as it turned out."""

    person: Person
    day: date
    pieces: list[Piece]
    records: list[Record]

    def rows(self, organization: str) -> Iterator[Row]:
        for place, piece in enumerate(self.pieces):
            yield {
                "shift_id": f"{self.person.id}-{self.day:%Y%m%d}-{place}",
                "organization_id": organization,
                "department_id": self.person.department,
                "employee_id": self.person.id,
                "employee_name": self.person.name,
                "queue_names": list(self.person.queues),
                "start": stamp(piece.start),
                "end": stamp(piece.end),
                "kind": piece.kind,
            }


def people(profiles: Iterable[Profile], groups: Iterable[SkillGroup] = ()) -> list[Person]:
    """Return all people: those of one queue, then those of several."""
    numbers = count()
    queues = [SkillGroup(each.queue, each.department, (each.queue,), each.heads) for each in profiles]
    return [
        _person(group, wave, place, next(numbers))
        for group in (*queues, *groups)
        for wave in WAVES
        for place in range(max(1, round(wave.part * group.heads)))
    ]


def _person(group: SkillGroup, wave: Wave, place: int, number: int) -> Person:
    name = f"{FIRST_NAMES[number % len(FIRST_NAMES)]} {LAST_NAMES[number % len(LAST_NAMES)]}"
    return Person(f"{group.name}-{wave.name}-{place + 1:02d}", name, group.department, group.queues, wave, place)


def person_day(person: Person, midnight: float, day: date, random: Random) -> PersonDay:
    """Return the person's day that begins at the simulated clock's `midnight`."""
    start = midnight + person.wave.begin * HOUR
    end = start + person.wave.hours * HOUR
    fate = random.random()
    if fate < ON_LEAVE:
        return PersonDay(person, day, [Piece("leave", start, end)], [])
    stagger = person.place % 8 * 15 * MINUTE
    breaks = [
        Piece("break", start + after * HOUR + stagger, start + (after + long) * HOUR + stagger)
        for after, long in person.wave.breaks
    ]
    if random.random() < TRAINED:
        begin = start + HOUR + stagger
        breaks.append(Piece("training", begin, begin + 0.5 * HOUR))
    pieces = [Piece("work", start, end), *sorted(breaks, key=lambda piece: piece.start)]
    records = [] if fate < ON_LEAVE + ABSENT else list(_lived(person, pieces, random))
    return PersonDay(person, day, pieces, records)


def _lived(person: Person, pieces: list[Piece], random: Random) -> Iterator[Record]:
    """Yield the records of the day: mostly in time, sometimes late; breaks begin and end about when they should.

    People who come late stretch their breaks, too.
    """
    work, *rest = pieces
    late = random.random() < LATE
    came = work.start + (random.uniform(6, 28) if late else random.uniform(-9, 3)) * MINUTE
    yield Record(came, person, "late" if late else "present", came)
    for piece in rest:
        gone = piece.start + random.uniform(0, 2) * MINUTE
        status = "on_break" if piece.kind == "break" else "training"
        yield Record(gone, person, status, came, _state(piece, person))
        back = piece.end + random.uniform(-1, 3) * MINUTE
        yield Record(back + (OVERRUN if late and piece.kind == "break" else 0), person, "present", came)
    yield Record(work.end + random.uniform(0, 6) * MINUTE, person, "checked_out", came)


def _state(piece: Piece, person: Person) -> str:
    if piece.kind == "break":
        return "lunch" if piece.end - piece.start > LUNCH else "break"
    return "meeting" if person.place % 2 else "training"


def record_row(record: Record, organization: str, *, at: float | None = None) -> Row:
    """Return the record as the time clock posts it, at its own time or at a later one."""
    row = {
        "organization_id": organization,
        "department_id": record.person.department,
        "employee_id": record.person.id,
        "employee_name": record.person.name,
        "snapshot_time": stamp(record.time if at is None else at),
        "status": record.status,
    }
    if record.came is not None:
        row["checked_in_at"] = stamp(record.came)
    if record.status == "checked_out" and record.came is not None:
        row["checked_out_at"] = stamp(record.time)
    return row


def stamp(time: float) -> str:
    """Return the time in whole seconds, as a time clock prints it."""
    return iso(datetime.fromtimestamp(int(time), UTC))
