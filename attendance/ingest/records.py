"""Classify and store attendance records."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter
from typing import Any

from attendance.ingest.rows import RecordRow
from attendance.models import AttendanceRecord, Person
from intraday.ingest.posts import Result

REPORTED_FIELDS = ["department_id", "site_id", "status", "checked_in_at", "checked_out_at", "shift_start", "shift_end"]
"""The fields that a feed reports."""
reported_values = attrgetter(*REPORTED_FIELDS)
"""Two rows of one person and time that agree in all of these are the same record."""

Newest = Mapping[str, datetime | None]
"""The time of the newest record before this post, by employee."""


@dataclass
class Classification:
    """Results of rows by their index, and the records that are new or changed, by primary key."""

    results: dict[int, tuple[Result, AttendanceRecord]] = field(default_factory=dict)
    changed: dict[Any, AttendanceRecord] = field(default_factory=dict)


Stored = dict[tuple[int, datetime], AttendanceRecord]


def classify(
    people: Mapping[str, Person], rows: Mapping[int, RecordRow], newest: Newest, *, now: datetime
) -> Classification:
    """Classify each row and save the records."""
    classified, stored = Classification(), _stored(people, rows, newest)
    for employee_id, group in _by_employee(rows).items():
        _classify_person(classified, people[employee_id], group, stored, newest.get(employee_id), now)
    AttendanceRecord.objects.bulk_create(
        classified.changed.values(),
        update_conflicts=True,
        unique_fields=["person", "time"],
        update_fields=[*REPORTED_FIELDS, "received_at"],
    )
    return classified


Ordered = Sequence[tuple[int, RecordRow]]


def _by_employee(rows: Mapping[int, RecordRow]) -> dict[str, Ordered]:
    """Group rows by employee, in order of time; rows of one time in the order of the batch."""
    grouped: dict[str, list[tuple[int, RecordRow]]] = {}
    for index, row in sorted(rows.items(), key=lambda each: (each[1].time, each[0])):
        grouped.setdefault(row.employee_id, []).append((index, row))
    return dict(grouped)


def _stored(people: Mapping[str, Person], rows: Mapping[int, RecordRow], newest: Newest) -> Stored:
    """Return the records that are stored already. Rows newer than a person's newest, the usual case, need no query."""
    old = [
        (people[row.employee_id].pk, row.time)
        for row in rows.values()
        if (before := newest.get(row.employee_id)) is not None and row.time <= before
    ]
    if not old:
        return {}
    found = AttendanceRecord.objects.filter(person__in={pk for pk, _ in old}, time__in={time for _, time in old})
    return {(record.person_id, record.time): record for record in found}


def _classify_person(
    classified: Classification, person: Person, group: Ordered, stored: Stored, newest: datetime | None, now: datetime
) -> None:
    """Classify the rows of one person.

    Superseded are rows that a later row of the batch and time contradicts, and new rows that are not the newest.
    """
    last = {row.time: row for _, row in group}
    for index, row in group:
        if row is not last[row.time] and reported_values(row) != reported_values(last[row.time]):
            continue
        result, record = _classify_row(person, row, stored, newest, now)
        if result != "duplicate":
            classified.changed[record.pk] = record
        if result == "created" and row.time < group[-1][1].time:
            result = "superseded"
        classified.results[index] = result, record
    for index, row in group:
        classified.results.setdefault(index, ("superseded", stored[person.pk, row.time]))


def _classify_row(
    person: Person, row: RecordRow, stored: Stored, newest: datetime | None, now: datetime
) -> tuple[Result, AttendanceRecord]:
    record = stored.get((person.pk, row.time))
    if record is not None and reported_values(record) == reported_values(row):
        return "duplicate", record
    result: Result = "corrected"
    if record is None:
        record = stored[person.pk, row.time] = AttendanceRecord(person=person, time=row.time)
        result = "late" if newest is not None and row.time < newest else "created"
    record.received_at = now
    for name in REPORTED_FIELDS:
        setattr(record, name, getattr(row, name))
    return result, record
