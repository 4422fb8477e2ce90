"""What feeds say of people, record by record."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from attendance.models import AttendanceRecord, Person
from attendance.people import Row

STATED = ["department_id", "site_id", "status", "checked_in_at", "checked_out_at", "shift_start", "shift_end"]
"""What a record says. Two of one person and time that agree in all of these are the same record."""

Result = Literal["created", "corrected", "duplicate", "late", "superseded"]
Newest = Mapping[str, datetime | None]
"""By employee, the time of the newest record before this post."""


@dataclass
class Settled:
    """What became of rows, and the records that are new or changed, by primary key."""

    results: dict[int, tuple[Result, AttendanceRecord]] = field(default_factory=dict)
    changed: dict[Any, AttendanceRecord] = field(default_factory=dict)


Stored = dict[tuple[int, datetime], AttendanceRecord]


def settle(people: Mapping[str, Person], rows: Mapping[int, Row], newest: Newest, *, now: datetime) -> Settled:
    """Decide about each row and save the records."""
    settled, stored = Settled(), _stored(people, rows, newest)
    for employee_id, group in _by_employee(rows).items():
        _settle_person(settled, people[employee_id], group, stored, newest.get(employee_id), now)
    AttendanceRecord.objects.bulk_create(
        settled.changed.values(),
        update_conflicts=True,
        unique_fields=["person", "time"],
        update_fields=[*STATED, "received_at"],
    )
    return settled


Ordered = Sequence[tuple[int, Row]]


def _by_employee(rows: Mapping[int, Row]) -> dict[str, Ordered]:
    """In order of time; of one time, in that of the batch."""
    grouped: dict[str, list[tuple[int, Row]]] = {}
    for index, row in sorted(rows.items(), key=lambda each: (each[1]["time"], each[0])):
        grouped.setdefault(row["employee_id"], []).append((index, row))
    return dict(grouped)


def _stored(people: Mapping[str, Person], rows: Mapping[int, Row], newest: Newest) -> Stored:
    """Records that are there already. Newer than a person's newest there is none, so usually nothing is asked."""
    old = [
        (people[row["employee_id"]].pk, row["time"])
        for row in rows.values()
        if (before := newest.get(row["employee_id"])) is not None and row["time"] <= before
    ]
    if not old:
        return {}
    found = AttendanceRecord.objects.filter(person__in={pk for pk, _ in old}, time__in={time for _, time in old})
    return {(record.person_id, record.time): record for record in found}


def _settle_person(
    settled: Settled, person: Person, group: Ordered, stored: Stored, newest: datetime | None, now: datetime
) -> None:
    """Rows that a later one of the batch and time contradicts, and new ones that are not the newest, give way."""
    last = {row["time"]: row for _, row in group}
    for index, row in group:
        if row is not last[row["time"]] and _says(row) != _says(last[row["time"]]):
            continue
        result, record = _decided(person, row, stored, newest, now)
        if result != "duplicate":
            settled.changed[record.pk] = record
        if result == "created" and row["time"] < group[-1][1]["time"]:
            result = "superseded"
        settled.results[index] = result, record
    for index, row in group:
        settled.results.setdefault(index, ("superseded", stored[person.pk, row["time"]]))


def _decided(
    person: Person, row: Row, stored: Stored, newest: datetime | None, now: datetime
) -> tuple[Result, AttendanceRecord]:
    record = stored.get((person.pk, row["time"]))
    if record is not None and _says(record) == _says(row):
        return "duplicate", record
    result: Result = "corrected"
    if record is None:
        record = stored[person.pk, row["time"]] = AttendanceRecord(person=person, time=row["time"])
        result = "late" if newest is not None and row["time"] < newest else "created"
    record.received_at = now
    for name in STATED:
        setattr(record, name, row[name])
    return result, record


def _says(said: AttendanceRecord | Row) -> list[Any]:
    return [said[name] if isinstance(said, Mapping) else getattr(said, name) for name in STATED]
