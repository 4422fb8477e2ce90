"""Classify and store shifts: of the published schedule, and those that records report."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter

from attendance.choices import ShiftKind
from attendance.ingest import people as persons
from attendance.ingest.rows import ShiftRow
from attendance.microseconds import to_microseconds
from attendance.models import AttendanceRecord, Person, Shift
from attendance.presence.intervals import Interval
from attendance.presence.stored_scheduled_periods import interval
from intraday.ingest.posts import Result
from intraday.org.models import Organization

REPORTED_FIELDS = ["department_id", "queue_names", "start", "end", "kind", "cancelled"]
"""The fields that a feed reports of a shift, beside its person."""
reported_values = attrgetter(*REPORTED_FIELDS)
"""Two rows of one id and person that agree in all of these are the same."""


@dataclass
class Classification:
    """Results of rows by their index, the shifts to save, and the people, departments and times that they affect."""

    results: dict[int, tuple[Result, Shift]] = field(default_factory=dict)
    changed: dict[str, Shift] = field(default_factory=dict)
    people: dict[int, Person] = field(default_factory=dict)
    departments: set[str] = field(default_factory=set)
    times: dict[int, list[Interval]] = field(default_factory=dict)

    def add_affected(self, shift: Shift, person: Person) -> None:
        self.people[person.pk] = person
        self.departments.add(shift.department_id)
        self.times.setdefault(person.pk, []).append(interval(shift))

    def affects(self, moment: datetime) -> bool:
        time = to_microseconds(moment)
        return any(each.starts <= time < each.ends for times in self.times.values() for each in times)


def load(organization: Organization, ids: Iterable[str]) -> dict[str, Shift]:
    rows = Shift.objects.select_related("person").filter(organization=organization, shift_id__in=set(ids))
    return {row.shift_id: row for row in rows}


def is_foreign(shift: Shift | None, within: frozenset[str] | None) -> bool:
    """Tell whether the shift belongs to a department that is not one of the caller's."""
    if shift is None or within is None:
        return False
    return shift.department_id not in within or persons.is_foreign(shift.person, within)


def classify(
    organization: Organization,
    people: Mapping[str, Person],
    rows: Mapping[int, ShiftRow],
    stored: dict[str, Shift],
    *,
    now: datetime,
    posted: bool = False,
) -> Classification:
    """Classify each row, of which the last of an id counts, and save the shifts."""
    classified = Classification()
    last = {row.shift_id: index for index, row in rows.items()}
    for index in sorted(last.values()):
        row = rows[index]
        person = people[row.employee_id]
        shift = stored.get(row.shift_id)
        if shift is not None and reported_values(shift) == reported_values(row) and shift.person_id == person.pk:
            classified.results[index] = "duplicate", shift
            continue
        classified.results[index] = (
            "created" if shift is None else "corrected",
            _changed(classified, organization, shift, row, person),
        )
        classified.add_affected(classified.changed[row.shift_id], person)
    for index, row in rows.items():
        if index not in classified.results:
            classified.results[index] = "superseded", classified.results[last[row.shift_id]][1]
    _save(classified.changed.values(), now, posted=posted)
    return classified


def _changed(
    classified: Classification, organization: Organization, shift: Shift | None, row: ShiftRow, person: Person
) -> Shift:
    if shift is None:
        shift = Shift(organization=organization, shift_id=row.shift_id)
    else:
        classified.add_affected(shift, shift.person)
    shift.person_id = person.pk
    for name in REPORTED_FIELDS:
        setattr(shift, name, getattr(row, name))
    classified.changed[shift.shift_id] = shift
    return shift


def _save(shifts: Collection[Shift], now: datetime, *, posted: bool) -> None:
    for shift in shifts:
        shift.received_at, shift.posted = now, posted
    Shift.objects.bulk_create(
        shifts,
        update_conflicts=True,
        unique_fields=["organization", "shift_id"],
        update_fields=["person_id", *REPORTED_FIELDS, "received_at", "posted"],
    )


def store_reported(
    organization: Organization, people: Mapping[str, Person], records: Iterable[AttendanceRecord], *, now: datetime
) -> Classification:
    """Store the shifts that records report."""
    wanted: dict[str, tuple[Person, AttendanceRecord, datetime, datetime]] = {}
    by_pk = {person.pk: person for person in people.values()}
    for record in records:
        start, end = record.shift_start, record.shift_end
        if start is not None and end is not None:
            person = by_pk[record.person_id]
            wanted[f"posted:{person.employee_id}:{start:%Y%m%dT%H%M%S}"] = person, record, start, end
    if not wanted:
        return Classification()
    stored = load(organization, wanted)
    rows = {
        number: ShiftRow(
            shift_id=shift_id,
            employee_id=person.employee_id,
            department_id=record.department_id,
            start=start,
            end=end,
            kind=ShiftKind.WORK.value,
        )
        for number, (shift_id, (person, record, start, end)) in enumerate(wanted.items())
    }
    return classify(organization, people, rows, stored, now=now, posted=True)
