"""Classify rows that tell something of a person from an instant on: records and states of agents."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter
from typing import Any, Generic, Protocol, TypeVar

from attendance.models import AgentState, AttendanceRecord, Person
from intraday.ingest.posts import Result


class TimedRow(Protocol):
    @property
    def employee_id(self) -> str: ...

    @property
    def begins(self) -> datetime: ...


R = TypeVar("R", bound=TimedRow)
M = TypeVar("M", AttendanceRecord, AgentState)

Newest = Mapping[str, datetime | None]
"""The time of the newest stored row before this post, by employee."""
Stored = dict[tuple[int, datetime], M]
"""Stored rows by person and time."""


@dataclass(frozen=True)
class Reported(Generic[M]):
    """A table of reported rows: the fields that a feed reports, and how to make a row of a person and time.

    Two rows of one person and time that agree in all these fields are the same.
    """

    fields: Sequence[str]
    make: Callable[[Person, datetime], M]

    def values(self, row: object) -> Any:
        return attrgetter(*self.fields)(row)


@dataclass
class Classification(Generic[M]):
    """Results of rows by their index, and the stored rows that are new or changed, by primary key."""

    results: dict[int, tuple[Result, M]] = field(default_factory=dict)
    changed: dict[Any, M] = field(default_factory=dict)


def classify(
    reported: Reported[M],
    people: Mapping[str, Person],
    rows: Mapping[int, R],
    stored: Stored[M],
    newest: Newest,
    *,
    now: datetime,
) -> Classification[M]:
    """Classify each row; the caller saves what changed."""
    classified = Classification[M]()
    for employee_id, group in _by_employee(rows).items():
        _classify_person(reported, classified, people[employee_id], group, stored, newest.get(employee_id), now)
    return classified


def _by_employee(rows: Mapping[int, R]) -> dict[str, list[tuple[int, R]]]:
    """Group rows by employee, in order of time; rows of one time in the order of the batch."""
    grouped: dict[str, list[tuple[int, R]]] = {}
    for index, row in sorted(rows.items(), key=lambda each: (each[1].begins, each[0])):
        grouped.setdefault(row.employee_id, []).append((index, row))
    return grouped


def _classify_person(
    reported: Reported[M],
    classified: Classification[M],
    person: Person,
    group: Sequence[tuple[int, R]],
    stored: Stored[M],
    newest: datetime | None,
    now: datetime,
) -> None:
    """Classify the rows of one person.

    Superseded are rows that a later row of the batch and time contradicts, and new rows that are not the newest.
    """
    last = {row.begins: row for _, row in group}
    for index, row in group:
        if row is not last[row.begins] and reported.values(row) != reported.values(last[row.begins]):
            continue
        result, found = _classify_row(reported, person, row, stored, newest, now)
        if result != "duplicate":
            classified.changed[found.pk] = found
        if result == "created" and row.begins < group[-1][1].begins:
            result = "superseded"
        classified.results[index] = result, found
    for index, row in group:
        classified.results.setdefault(index, ("superseded", stored[person.pk, row.begins]))


def _classify_row(
    reported: Reported[M], person: Person, row: TimedRow, stored: Stored[M], newest: datetime | None, now: datetime
) -> tuple[Result, M]:
    found = stored.get((person.pk, row.begins))
    if found is not None and reported.values(found) == reported.values(row):
        return "duplicate", found
    result: Result = "corrected"
    if found is None:
        found = stored[person.pk, row.begins] = reported.make(person, row.begins)
        result = "late" if newest is not None and row.begins < newest else "created"
    found.received_at = now
    for name in reported.fields:
        setattr(found, name, getattr(row, name))
    return result, found
