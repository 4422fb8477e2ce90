"""Classify and store states of agents."""

from collections.abc import Mapping
from datetime import datetime

from attendance.agent_states import stored_states
from attendance.ingest import classification
from attendance.ingest.classification import Classification, Reported
from attendance.ingest.rows import StateRow
from attendance.microseconds import to_instant, to_microseconds
from attendance.models import AgentState, Person
from intraday.database import many_rows

REPORTED_FIELDS = ["department_id", "state", "queue_names", "reason"]
"""The fields that a feed reports."""
_DERIVED_FIELDS = ["ends", "activity", "activity_starts"]


def _new_state(person: Person, time: datetime) -> AgentState:
    return AgentState(organization_id=person.organization_id, person=person, starts=to_microseconds(time))


_REPORTED = Reported(REPORTED_FIELDS, _new_state)


def classify(
    people: Mapping[str, Person], rows: Mapping[int, StateRow], *, now: datetime
) -> Classification[AgentState]:
    """Classify each row; save the states, and what follows from them for their neighbours."""
    if not rows:
        return Classification()
    first = min(to_microseconds(row.since) for row in rows.values())
    around = stored_states.around([people[row.employee_id].pk for row in rows.values()], first)
    stored = {(row.person_id, to_instant(row.starts)): row for each in around.values() for row in each}
    newest = {
        person.employee_id: to_instant(around[person.pk][-1].starts)
        for person in people.values()
        if person.pk in around
    }
    classified = classification.classify(_REPORTED, people, rows, stored, newest, now=now)
    _save(stored, classified)
    return classified


def _save(stored: Mapping[tuple[int, datetime], AgentState], classified: Classification[AgentState]) -> None:
    by_person: dict[int, list[AgentState]] = {}
    concerned = {row.person_id for row in classified.changed.values()}
    for (person, _), row in stored.items():
        if person in concerned:
            by_person.setdefault(person, []).append(row)
    moved = [row for rows in by_person.values() for row in stored_states.place(rows)]
    changed = {row.pk: row for row in moved} | classified.changed
    many_rows.upsert(
        list(changed.values()), unique=["person", "starts"], update=[*REPORTED_FIELDS, *_DERIVED_FIELDS, "received_at"]
    )
