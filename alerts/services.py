"""Judging alerts, attending to them, and what people do with them.

Each act of a person returns the record as it is then; what cannot be is a `Conflict` that holds it."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from alerts.default_rules import install_rules as install_rules
from alerts.default_rules import renew_rules as renew_rules
from alerts.evaluation.changes import Actor, Journal
from alerts.evaluation.run import evaluate as evaluate
from alerts.evaluation.timers import attend as attend
from alerts.evaluation.timers import sweep as sweep
from alerts.models import Alert, Resolution
from alerts.rules import lifecycle
from alerts.rules.lifecycle import Answer, Record, Status
from alerts.rules.messages import ago
from intraday.rest.errors import NotFound


@dataclass
class Conflict(Exception):  # noqa: N818 - it is an answer, and no fault of anybody
    code: str
    message: str
    alert: Alert


@dataclass(frozen=True)
class Caller:
    """Whose alerts, and who asks. `within`: the departments to which that person is limited."""

    organization_id: str
    actor: Actor
    within: frozenset[str] | None = None


Acknowledged = dict[UUID, Alert | Conflict | None]
"""By id: the record, why not, or None where there is none of this id."""


def acknowledge(
    *,
    caller: Caller,
    alert_id: UUID,
    now: datetime,
    note: str = "",
    take_over: bool = False,
    expected_version: int | None = None,
) -> Alert:
    """R3, R4, R8. Raises NotFound or Conflict."""

    def act(alert: Alert, journal: Journal) -> Answer:
        return _acknowledge(alert, journal, note, take_over=take_over, expected_version=expected_version)

    return _one(_act(caller, [alert_id], now, act)[alert_id])


def acknowledge_many(*, caller: Caller, alert_ids: Collection[UUID], now: datetime, note: str = "") -> Acknowledged:
    """One transaction; each alert is answered by itself."""
    return _act(caller, alert_ids, now, lambda alert, journal: _acknowledge(alert, journal, note))


def resolve(
    *, caller: Caller, alert_id: UUID, now: datetime, note: str = "", expected_version: int | None = None
) -> Alert:
    """R5, R7. Raises NotFound or Conflict. If the condition goes on, a new alert follows after the cooldown."""

    def act(alert: Alert, journal: Journal) -> Answer:
        answer = lifecycle.resolve(_record(alert), expected_version=expected_version)
        if answer is Answer.CHANGE:
            journal.resolve(alert, Resolution.MANUAL, note)
        return answer

    return _one(_act(caller, [alert_id], now, act)[alert_id])


def snooze(
    *,
    caller: Caller,
    alert_id: UUID,
    until: datetime,
    now: datetime,
    note: str = "",
    expected_version: int | None = None,
) -> Alert:
    """R11: nobody is told until then. Raises NotFound or Conflict."""

    def act(alert: Alert, journal: Journal) -> Answer:
        answer = lifecycle.snooze(_record(alert), expected_version=expected_version)
        if answer is Answer.CHANGE:
            journal.snooze(alert, until, note)
        return answer

    return _one(_act(caller, [alert_id], now, act)[alert_id])


def _acknowledge(
    alert: Alert, journal: Journal, note: str, *, take_over: bool = False, expected_version: int | None = None
) -> Answer:
    record, by = _record(alert), journal.actor.name
    answer = lifecycle.acknowledge(record, by=by, take_over=take_over, expected_version=expected_version)
    if answer is Answer.CHANGE:
        taken = record.status is Status.ACKNOWLEDGED
        journal.acknowledge(alert, note, f"taken over from {alert.acknowledged_by}"[:64] if taken else "acknowledged")
    return answer


@transaction.atomic
def _act(
    caller: Caller, alert_ids: Collection[UUID], now: datetime, act: Callable[[Alert, Journal], Answer]
) -> Acknowledged:
    """Lock the records, decide about each, write. What two people do at once happens one after the other."""
    journal = Journal(now, caller.actor)
    found: Acknowledged = dict.fromkeys(alert_ids)
    for alert in _locked(caller, alert_ids):
        answer = act(alert, journal)
        found[alert.pk] = alert if answer in (Answer.CHANGE, Answer.SAME) else _conflict(alert, answer, now)
    journal.write()
    return found


def _locked(caller: Caller, alert_ids: Collection[UUID]) -> Collection[Alert]:
    rows = Alert.objects.select_related("scope").select_for_update(of=("self",))
    rows = rows.filter(organization=caller.organization_id, pk__in=alert_ids)
    if caller.within is not None:
        rows = rows.filter(scope__department_id__in=caller.within)
    return rows.order_by("id")


def _one(found: Alert | Conflict | None) -> Alert:
    if found is None:
        raise NotFound
    if isinstance(found, Conflict):
        raise found
    return found


def _record(alert: Alert) -> Record:
    return Record(Status(alert.status), alert.version, alert.acknowledged_by)


def _conflict(alert: Alert, answer: Answer, now: datetime) -> Conflict:
    if answer is Answer.ALREADY_RESOLVED and alert.resolved_at is not None:
        said = f"{alert.resolved_by} resolved it {ago(alert.resolved_at, now)}."
    elif answer is Answer.ALREADY_ACKNOWLEDGED and alert.acknowledged_at is not None:
        said = f"{alert.acknowledged_by} acknowledged it {ago(alert.acknowledged_at, now)}."
    else:
        said = f"It has changed since: this is version {alert.version}."
    return Conflict(answer.value, said, alert)
