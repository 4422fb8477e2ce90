"""Evaluate rules, run the timers of alerts, and carry out the acts of people.

Each act of a person returns the alert as it is then. An act that is not possible raises a `Conflict` that holds it.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from alerts.choices import Resolution, Status
from alerts.default_rules import install_rules as install_rules
from alerts.default_rules import renew_rules as renew_rules
from alerts.evaluation.changes import Actor, Changes
from alerts.evaluation.run import Evaluated
from alerts.evaluation.run import evaluate as evaluate
from alerts.evaluation.timers import resolve_unreachable as resolve_unreachable
from alerts.evaluation.timers import run_timers as run_timers
from alerts.models import Alert
from alerts.rules import lifecycle
from alerts.rules.lifecycle import Decision, LifecycleState
from alerts.rules.messages import ago
from intraday.audit import services as audit
from intraday.rest.errors import NotFound


@dataclass
class Conflict(Exception):  # noqa: N818 - an answer, not an error
    code: str
    message: str
    alert: Alert


@dataclass(frozen=True)
class Caller:
    """The organization and the person who asks. `within`: the departments to which that person is limited."""

    organization_id: str
    actor: Actor
    within: frozenset[str] | None = None


Acknowledged = dict[UUID, Alert | Conflict | None]
"""Answers by id: the alert, the conflict, or None if there is no alert of this id."""


def evaluate_by_hand(*, organization_id: str, now: datetime, as_of: datetime | None) -> Evaluated:
    """Evaluate all rules, because somebody asked."""
    audit.record("rule.evaluated", organization_id=organization_id, target="all", after={"as_of_time": as_of})
    return evaluate(organization_id=organization_id, now=now, as_of=as_of)


def acknowledge(
    *,
    caller: Caller,
    alert_id: UUID,
    now: datetime,
    note: str = "",
    take_over: bool = False,
    expected_version: int | None = None,
) -> Alert:
    """Acknowledge an alert (R3, R4, R8). Raises NotFound or Conflict."""

    def act(alert: Alert, changes: Changes) -> Decision:
        return _acknowledge(alert, changes, note, take_over=take_over, expected_version=expected_version)

    return _one(_act(caller, [alert_id], now, act)[alert_id])


def acknowledge_many(*, caller: Caller, alert_ids: Collection[UUID], now: datetime, note: str = "") -> Acknowledged:
    """Acknowledge many alerts in one transaction; each is answered by itself."""
    return _act(caller, alert_ids, now, lambda alert, changes: _acknowledge(alert, changes, note))


def resolve(
    *, caller: Caller, alert_id: UUID, now: datetime, note: str = "", expected_version: int | None = None
) -> Alert:
    """Resolve an alert (R5, R7). Raises NotFound or Conflict.

    If the condition goes on, a new alert follows after the cooldown.
    """

    def act(alert: Alert, changes: Changes) -> Decision:
        answer = lifecycle.resolve(_lifecycle_state(alert), expected_version=expected_version)
        if answer is Decision.CHANGE:
            changes.resolve(alert, Resolution.MANUAL, note)
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
    """Suppress notifications of an alert until then (R11). Raises NotFound or Conflict."""

    def act(alert: Alert, changes: Changes) -> Decision:
        answer = lifecycle.snooze(_lifecycle_state(alert), expected_version=expected_version)
        if answer is Decision.CHANGE:
            changes.snooze(alert, until, note)
        return answer

    return _one(_act(caller, [alert_id], now, act)[alert_id])


def unsnooze(
    *, caller: Caller, alert_id: UUID, now: datetime, note: str = "", expected_version: int | None = None
) -> Alert:
    """End the snooze of an alert now. Raises NotFound or Conflict.

    The timers, every 15 s, release it, unless a silence or a graver alert still suppresses it.
    """

    def act(alert: Alert, changes: Changes) -> Decision:
        answer = lifecycle.snooze(_lifecycle_state(alert), expected_version=expected_version)
        if answer is Decision.CHANGE and alert.snoozed_until is not None:
            changes.unsnooze(alert, note)
        return answer

    return _one(_act(caller, [alert_id], now, act)[alert_id])


def _acknowledge(
    alert: Alert, changes: Changes, note: str, *, take_over: bool = False, expected_version: int | None = None
) -> Decision:
    state, by = _lifecycle_state(alert), changes.actor.name
    answer = lifecycle.acknowledge(state, by=by, take_over=take_over, expected_version=expected_version)
    if answer is Decision.CHANGE:
        taken = state.status is Status.ACKNOWLEDGED
        changes.acknowledge(alert, note, f"taken over from {alert.acknowledged_by}"[:64] if taken else "acknowledged")
    return answer


@transaction.atomic
def _act(
    caller: Caller, alert_ids: Collection[UUID], now: datetime, act: Callable[[Alert, Changes], Decision]
) -> Acknowledged:
    """Lock the alerts, decide about each, write. Simultaneous acts happen one after the other."""
    changes = Changes(now, caller.actor)
    found: Acknowledged = dict.fromkeys(alert_ids)
    for alert in _locked(caller, alert_ids):
        answer = act(alert, changes)
        found[alert.pk] = alert if answer in (Decision.CHANGE, Decision.SAME) else _conflict(alert, answer, now)
    changes.write()
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


def _lifecycle_state(alert: Alert) -> LifecycleState:
    return LifecycleState(Status(alert.status), alert.version, alert.acknowledged_by)


def _conflict(alert: Alert, answer: Decision, now: datetime) -> Conflict:
    if answer is Decision.ALREADY_RESOLVED and alert.resolved_at is not None:
        said = f"{alert.resolved_by} resolved it {ago(alert.resolved_at, now)}."
    elif answer is Decision.ALREADY_ACKNOWLEDGED and alert.acknowledged_at is not None:
        said = f"{alert.acknowledged_by} acknowledged it {ago(alert.acknowledged_at, now)}."
    else:
        said = f"The alert has changed since: it is now version {alert.version}."
    return Conflict(answer.value, said, alert)
