"""The published schedule, and what records say of it in passing."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from attendance import people as persons
from attendance.instants import micros
from attendance.intervals import Interval
from attendance.models import AttendanceRecord, Person, Shift
from attendance.people import Row
from attendance.schedule import interval
from attendance.terms import Kind
from intraday.org.models import Organization

STATED = ["person_id", "department_id", "queue_names", "start", "end", "kind", "cancelled"]
"""What a feed says of a shift. Two of one id that agree in all of these are the same."""

Result = Literal["created", "corrected", "duplicate", "superseded"]


@dataclass
class Settled:
    """What became of rows, and whom it concerns."""

    results: dict[int, tuple[Result, Shift]] = field(default_factory=dict)
    changed: dict[str, Shift] = field(default_factory=dict)
    people: dict[int, Person] = field(default_factory=dict)
    departments: set[str] = field(default_factory=set)
    times: dict[int, list[Interval]] = field(default_factory=dict)

    def concerns(self, shift: Shift, person: Person) -> None:
        self.people[person.pk] = person
        self.departments.add(shift.department_id)
        self.times.setdefault(person.pk, []).append(interval(shift))

    def touches(self, moment: datetime) -> bool:
        time = micros(moment)
        return any(each.starts <= time < each.ends for times in self.times.values() for each in times)


def find(organization: Organization, ids: Iterable[str]) -> dict[str, Shift]:
    rows = Shift.objects.select_related("person").filter(organization=organization, shift_id__in=set(ids))
    return {row.shift_id: row for row in rows}


def beside(shift: Shift | None, within: frozenset[str] | None) -> bool:
    """Whether a shift of that id is there and not one of the caller's departments."""
    if shift is None or within is None:
        return False
    return shift.department_id not in within or persons.beside(shift.person, within)


def settle(
    organization: Organization,
    people: Mapping[str, Person],
    rows: Mapping[int, Row],
    stored: dict[str, Shift],
    *,
    now: datetime,
    posted: bool = False,
) -> Settled:
    """Decide about each row, the last of an id counting, and save the shifts."""
    settled = Settled()
    last = {row["shift_id"]: index for index, row in rows.items()}
    for index in sorted(last.values()):
        row = rows[index]
        person = people[row["employee_id"]]
        values = {**row, "person_id": person.pk}
        shift = stored.get(row["shift_id"])
        if shift is not None and all(getattr(shift, name) == values[name] for name in STATED):
            settled.results[index] = "duplicate", shift
            continue
        settled.results[index] = (
            "created" if shift is None else "corrected",
            _taken(settled, organization, shift, values),
        )
        settled.concerns(settled.changed[row["shift_id"]], person)
    for index, row in rows.items():
        if index not in settled.results:
            settled.results[index] = "superseded", settled.results[last[row["shift_id"]]][1]
    _save(settled.changed.values(), now, posted=posted)
    return settled


def _taken(settled: Settled, organization: Organization, shift: Shift | None, values: Mapping[str, Any]) -> Shift:
    if shift is None:
        shift = Shift(organization=organization, shift_id=values["shift_id"])
    else:
        settled.concerns(shift, shift.person)
    for name in STATED:
        setattr(shift, name, values[name])
    settled.changed[shift.shift_id] = shift
    return shift


def _save(shifts: Collection[Shift], now: datetime, *, posted: bool) -> None:
    for shift in shifts:
        shift.received_at, shift.posted = now, posted
    Shift.objects.bulk_create(
        shifts,
        update_conflicts=True,
        unique_fields=["organization", "shift_id"],
        update_fields=[*STATED, "received_at", "posted"],
    )


def take_posted(
    organization: Organization, people: Mapping[str, Person], records: Iterable[AttendanceRecord], *, now: datetime
) -> Settled:
    """Take over shifts that records state in passing."""
    wanted: dict[str, tuple[Person, AttendanceRecord]] = {}
    by_pk = {person.pk: person for person in people.values()}
    for record in records:
        if record.shift_start is not None and record.shift_end is not None:
            person = by_pk[record.person_id]
            wanted[f"posted:{person.employee_id}:{record.shift_start:%Y%m%dT%H%M%S}"] = person, record
    if not wanted:
        return Settled()
    stored = find(organization, wanted)
    rows: dict[int, Row] = {
        number: {
            "shift_id": shift_id,
            "employee_id": person.employee_id,
            "department_id": record.department_id,
            "queue_names": [],
            "start": record.shift_start,
            "end": record.shift_end,
            "kind": Kind.WORK.value,
            "cancelled": False,
        }
        for number, (shift_id, (person, record)) in enumerate(wanted.items())
    }
    return settle(organization, people, rows, stored, now=now, posted=True)
