"""Classify and store attendance records."""

from collections.abc import Mapping
from datetime import datetime

from attendance.ingest import classification
from attendance.ingest.classification import Classification, Newest, Reported, Stored
from attendance.ingest.rows import RecordRow
from attendance.models import AttendanceRecord, Person
from intraday.database import many_rows

REPORTED_FIELDS = ["department_id", "site_id", "status", "checked_in_at", "checked_out_at", "shift_start", "shift_end"]
"""The fields that a feed reports."""
_REPORTED = Reported(REPORTED_FIELDS, lambda person, time: AttendanceRecord(person=person, time=time))


def classify(
    people: Mapping[str, Person], rows: Mapping[int, RecordRow], newest: Newest, *, now: datetime
) -> Classification[AttendanceRecord]:
    """Classify each row and save the records."""
    classified = classification.classify(_REPORTED, people, rows, _stored(people, rows, newest), newest, now=now)
    many_rows.upsert(
        list(classified.changed.values()), unique=["person", "time"], update=[*REPORTED_FIELDS, "received_at"]
    )
    return classified


def _stored(people: Mapping[str, Person], rows: Mapping[int, RecordRow], newest: Newest) -> Stored[AttendanceRecord]:
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
