"""Purge attendance after its time, persons after the last of their rows; list and rename the rows of one person."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import CharField, Exists, OuterRef, QuerySet, Value
from django.db.models.functions import Cast, Concat

from attendance import selectors
from attendance.counting import turns
from attendance.microseconds import to_instant
from attendance.models import AgentState, Person, ScheduledPeriod, StatusPeriod
from intraday.database import batches
from intraday.org.models import Organization

Line = dict[str, Any]


def purge(*, now: datetime) -> int:
    """Delete rows that are older than KEEP_DETAIL and came in before that, so that a replay of old data is kept as
    long; then the people without any. The newest figures of a scope stay, without names. Return how many rows went."""
    limit = now - settings.KEEP_DETAIL
    gone = sum(batches.delete(old) for old in selectors.older_than(limit))
    selectors.newest_older_than(limit).exclude(recent_checkins=[]).update(recent_checkins=[])
    return gone + sum(_purge_people(pk) for pk in Organization.objects.values_list("pk", flat=True))


def _purge_people(organization_id: str) -> int:
    """Take turns with posts: these store a person before her first record."""
    return batches.delete(_forgotten_people(organization_id), lock=turns.row_of(organization_id))


def _forgotten_people(organization_id: str) -> QuerySet[Person]:
    people = Person.objects.filter(organization=organization_id)
    for kept in ("records", "agent_states", "shifts", "scheduled_periods", "status_periods"):
        related = Person._meta.get_field(kept).related_model
        people = people.exclude(Exists(related._default_manager.filter(person=OuterRef("pk"))))  # type: ignore[union-attr]
    return people


# --- of one person ----------------------------------------------------------------------------------------------------
def person_names(organization_id: str, employee_id: str) -> frozenset[str]:
    """Return the id and the name of a person; none of an unknown one."""
    person = Person.objects.filter(organization=organization_id, employee_id=employee_id).first()
    return frozenset() if person is None else frozenset({person.employee_id, person.name} - {""})


def everything_of(organization_id: str, employee_id: str) -> dict[str, Any]:
    """Return all rows that are hers, oldest first."""
    person = Person.objects.get(organization=organization_id, employee_id=employee_id)
    return {
        "person": _fields(person),
        "records": [_fields(row) for row in person.records.order_by("time")],
        "agent_states": [_state(row) for row in person.agent_states.order_by("starts")],
        "shifts": [_fields(row) for row in person.shifts.order_by("start")],
        "scheduled_periods": [_period(row) for row in person.scheduled_periods.order_by("starts")],
        "status_periods": [_period(row) for row in person.status_periods.order_by("starts")],
    }


def _fields(row: Any) -> Line:
    hidden = {"id", "person_id", "organization_id"}
    names = (field.attname for field in row._meta.concrete_fields)
    return {name: getattr(row, name) for name in names if name not in hidden}


def _state(row: AgentState) -> Line:
    told = {"state": row.state, "since": to_instant(row.starts), "reason": row.reason, "queue_names": row.queue_names}
    return {**told, "department_id": row.department_id, "received_at": row.received_at}


def _period(row: ScheduledPeriod | StatusPeriod) -> Line:
    status = row.status if isinstance(row, StatusPeriod) else "on_leave" if row.on_leave else "scheduled"
    return {"status": status, "from": to_instant(row.starts), "until": to_instant(row.ends)}


@transaction.atomic
def rename_person(*, organization_id: str, employee_id: str, pseudonym: str) -> dict[str, int]:
    """Give a person a pseudonym, her shifts ids that do not tell hers, and her states no reasons, which are free text;
    return how many rows of each changed.

    Her records, states, shifts and periods stay, so that headcounts stay what they were.
    """
    turns.row_of(organization_id).select_for_update(of=("self",)).first()
    person = Person.objects.filter(organization=organization_id, employee_id=employee_id).first()
    if person is None:
        return {}
    fresh = Concat(Value(f"{pseudonym}-"), Cast("pk", CharField()))
    renamed = person.shifts.update(shift_id=fresh)
    emptied = person.agent_states.exclude(reason="").update(reason="")
    person.employee_id, person.name = pseudonym, ""
    person.save()
    return {"attendance.Person": 1, "attendance.Shift": renamed, "attendance.AgentState": emptied}
