"""The states of rules and the open alerts of an organization during a run: read once, written once."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db.models import F, Window
from django.db.models.functions import RowNumber

from alerts.choices import AlertKind, Resolution, Severity, Status
from alerts.evaluation.changes import Changes
from alerts.evaluation.inhibition import load_inhibition
from alerts.models import Alert, RuleState
from alerts.rules import messages
from alerts.rules.catalogue import Metric
from alerts.rules.compiled_rule import CompiledRule, RuleFields
from alerts.rules.coverage import dedup_key, scope_label
from alerts.rules.lifecycle import cooling_until, outranks
from alerts.rules.machine import IN_ORDER, Data, Effect, Phase, Reading, RelatedAlerts, State, Step, Value
from intraday.org.models import Organization, Scope

log = structlog.get_logger(__name__)

MESSAGE_LENGTH = 500
Key = tuple[Any, int]
"""A rule and a scope, by primary key."""


class EvaluationState:
    def __init__(
        self,
        organization: Organization,
        compiled_rules: Sequence[CompiledRule],
        scopes: Collection[int] | None,
        changes: Changes,
    ) -> None:
        self._organization, self._now, self._changes = organization, changes.now, changes
        self._stored = _stored_states(compiled_rules, scopes)
        self._open = {(row.rule_id, row.scope_id, row.kind): row for row in lock_open(organization.pk, scopes)}
        self._last = _lately_resolved(organization.pk, compiled_rules, scopes, changes.now)
        self._states = self._with_alerts({compiled.rule.pk: compiled.rule for compiled in compiled_rules})
        self._changed_states: dict[Key, State] = {}
        self._settled: set[Key] = set()
        self._fired: list[Alert] = []
        self._raised: list[tuple[Alert, str]] = []

    def _with_alerts(self, rules: dict[Any, RuleFields]) -> dict[Key, State]:
        known = {*self._stored, *(key[:2] for key in self._open), *(key[:2] for key in self._last)}
        return {
            key: replace(self._stored.get(key, IN_ORDER), alerts=self._related(key, rules[key[0]]))
            for key in known
            if key[0] in rules
        }

    def _related(self, key: Key, rule: RuleFields) -> RelatedAlerts:
        return RelatedAlerts(
            open=(*key, AlertKind.CONDITION) in self._open,
            cooling_until=self._cooling(key, AlertKind.CONDITION, rule, rule.severity),
            no_data_open=(*key, AlertKind.NO_DATA) in self._open,
            no_data_cooling_until=self._cooling(key, AlertKind.NO_DATA, rule, Severity.LOW),
        )

    def _cooling(self, key: Key, kind: str, rule: RuleFields, severity: str) -> datetime | None:
        last = self._last.get((*key, kind))
        if last is None or last.resolved_at is None:
            return None
        cooldown = timedelta(seconds=rule.cooldown_seconds)
        return cooling_until(last.resolved_at, cooldown, severity=severity, before=last.severity)

    # --- evaluating --------------------------------------------------------------------------------------------------
    def state(self, compiled: CompiledRule, scope: Scope) -> State:
        return self._states.get((compiled.rule.pk, scope.pk), IN_ORDER)

    def settled(self, compiled: CompiledRule, scope: Scope) -> bool:
        """Return whether an alert was opened or closed in this run: later figures are left to the next one."""
        return (compiled.rule.pk, scope.pk) in self._settled

    def take(self, compiled: CompiledRule, scope: Scope, reading: Reading, step: Step) -> None:
        """Keep the state that the step led to, and carry its effects into the alerts."""
        key = (compiled.rule.pk, scope.pk)
        before = self.state(compiled, scope)
        self._states[key] = step.state
        if _worth_storing(self._stored.get(key, IN_ORDER), step.state):
            self._changed_states[key] = step.state
        else:
            self._changed_states.pop(key, None)
        if any(effect is not Effect.SEEN for effect in step.effects):
            self._settled.add(key)
        since = before.since if before.phase is Phase.BREACHING else reading.as_of
        for effect in step.effects:
            self._apply(effect, compiled, scope, reading.value, step, since)
        if not step.effects and step.state.as_of != before.as_of:
            self._show(compiled, scope, reading.value)

    def _show(self, compiled: CompiledRule, scope: Scope, value: Value | None) -> None:
        """Keep the value of an open alert that recovers current."""
        alert = self._open.get((compiled.rule.pk, scope.pk, AlertKind.CONDITION))
        if alert is not None:
            self._changes.show(alert, value, alert.message)

    def _apply(
        self,
        effect: Effect,
        compiled: CompiledRule,
        scope: Scope,
        value: Value | None,
        step: Step,
        since: datetime | None,
    ) -> None:
        alert = self._open.get((compiled.rule.pk, scope.pk, AlertKind.CONDITION))
        no_data_alert = self._open.get((compiled.rule.pk, scope.pk, AlertKind.NO_DATA))
        if effect is Effect.FIRE:
            self._fired.append(self._condition_alert(compiled, scope, value, since))
        elif effect is Effect.NO_DATA:
            self._fired.append(self._no_data_alert(compiled, scope))
        elif effect is Effect.COOLING:
            self._changes.audit(self._last[compiled.rule.pk, scope.pk, AlertKind.CONDITION], "suppressed_cooldown")
        elif effect is Effect.SEEN and alert is not None:
            self._see(alert, compiled, value, since)
        elif effect is Effect.CLEARED and alert is not None:
            self._clear(alert, compiled, value, step.reason)
        elif effect is Effect.CLOSED and alert is not None:
            self._changes.resolve(alert, Resolution.CLOSED)
        elif effect is Effect.LOST and alert is not None:
            self._changes.resolve(alert, Resolution.NO_DATA)
        elif effect is Effect.DATA_RETURNED and no_data_alert is not None:
            self._end_no_data(no_data_alert, step.state)

    def _end_no_data(self, no_data_alert: Alert, state: State) -> None:
        if state.data is Data.PAUSED:
            self._changes.resolve(no_data_alert, Resolution.CLOSED)
        else:
            self._changes.resolve(no_data_alert, Resolution.AUTO, reason="a value again")

    def _see(self, alert: Alert, compiled: CompiledRule, value: Value | None, since: datetime | None) -> None:
        assert value is not None
        if alert.condition_cleared_at is not None and compiled.condition.breaches(value):
            alert.condition_cleared_at, alert.breaching_since = None, since
        alert.peak_value = compiled.worse(value, alert.peak_value)
        self._changes.show(alert, value, fired_message(compiled.rule, compiled.metric, alert.scope, value))
        self._changes.confirm(alert)
        severity = compiled.rule.severity if outranks(compiled.rule.severity, alert.severity) else alert.severity
        if outranks(severity, alert.told_severity or alert.severity):
            self._raised.append((alert, severity))

    def _clear(self, alert: Alert, compiled: CompiledRule, value: Value | None, reason: str) -> None:
        alert.current_value = value
        if compiled.rule.auto_resolve:
            self._changes.resolve(alert, Resolution.AUTO, reason=reason)
        elif alert.condition_cleared_at is None:
            self._changes.calm(alert)

    def _condition_alert(
        self, compiled: CompiledRule, scope: Scope, value: Value | None, since: datetime | None
    ) -> Alert:
        rule = compiled.rule
        assert value is not None
        said = fired_message(rule, compiled.metric, scope, value)
        alert = self._new_alert(compiled, scope, AlertKind.CONDITION, rule.severity, said, value)
        alert.breaching_since = since
        return alert

    def _no_data_alert(self, compiled: CompiledRule, scope: Scope) -> Alert:
        said = no_data_message(compiled.rule, compiled.metric, scope)
        return self._new_alert(compiled, scope, AlertKind.NO_DATA, Severity.LOW, said, None)

    def _new_alert(
        self, compiled: CompiledRule, scope: Scope, kind: str, severity: str, message: str, value: Value | None
    ) -> Alert:
        rule = compiled.rule
        return Alert(
            organization=self._organization,
            scope=scope,
            rule_id=rule.pk,
            kind=kind,
            dedup_key=dedup_key(rule.pk, scope, kind),
            rule_name=rule.name,
            rule_version=rule.version,
            alert_type=rule.alert_type,
            source=rule.source,
            metric=rule.metric,
            unit=compiled.metric.unit,
            severity=severity,
            told_severity=severity,
            message=message,
            threshold_value=rule.threshold,
            runbook=rule.runbook,
            triggered_at=self._now,
            waiting_since=self._now,
            reminded_at=self._now,
            last_seen_at=self._now,
            current_value=value,
            peak_value=value,
        )

    # --- writing -----------------------------------------------------------------------------------------------------
    def write(self) -> None:
        self._write_states()
        self._open_and_raise()
        self._changes.write()

    def _write_states(self) -> None:
        rows = [
            RuleState(rule_id=rule, scope_id=scope, **_columns(state))
            for (rule, scope), state in self._changed_states.items()
        ]
        if rows:
            RuleState.objects.bulk_create(
                rows, update_conflicts=True, unique_fields=["rule", "scope"], update_fields=_STATE
            )

    def _open_and_raise(self) -> None:
        """Open new alerts and raise the severity of others; inhibition is loaded once for all of them."""
        if not self._fired and not self._raised:
            return
        before = _newest([alert.dedup_key for alert in self._fired])
        inhibition = load_inhibition(self._organization, [*self._open.values(), *self._fired], at=self._now)
        for alert in self._fired:
            alert.previous_id = before.get(alert.dedup_key)
            alert.suppressed = inhibition.suppresses(alert, alert.scope)
            self._changes.open(alert, "fired" if alert.kind == AlertKind.CONDITION else "no data")
        for alert, severity in self._raised:
            alert.snoozed_until = None
            alert.suppressed = inhibition.suppresses(alert, alert.scope)
            self._changes.raise_severity(alert, severity)


def fired_message(rule: RuleFields, metric: Metric, scope: Scope, value: Value | None) -> str:
    said = messages.fired(scope_label(scope), metric, rule.operator, rule.threshold, rule.for_seconds, value)
    return said[:MESSAGE_LENGTH]


def no_data_message(rule: RuleFields, metric: Metric, scope: Scope) -> str:
    return messages.no_data(scope_label(scope), metric, rule.no_data_for_seconds)[:MESSAGE_LENGTH]


_STATE = ["phase", "since", "as_of", "data", "data_since", "cooling"]


def _columns(state: State) -> dict[str, Any]:
    return {name: getattr(state, name) for name in _STATE}


def _worth_storing(before: State, after: State) -> bool:
    """Return whether the state is to be written.

    The last reading of a rule that is in order is not: figures never go back, and it would cost ten thousand rows a
    minute.
    """
    unchanged = (before.phase, before.since, before.data, before.data_since, before.cooling) == (
        after.phase,
        after.since,
        after.data,
        after.data_since,
        after.cooling,
    )
    if unchanged:
        return after.phase is not Phase.OK and before.as_of != after.as_of
    return not (before.phase is after.phase is Phase.OK and after.data is Data.PAUSED and before.data is Data.OK)


def _stored_states(compiled_rules: Sequence[CompiledRule], scopes: Collection[int] | None) -> dict[Key, State]:
    rows = RuleState.objects.filter(rule__in=[compiled.rule.pk for compiled in compiled_rules])
    if scopes is not None:
        rows = rows.filter(scope__in=scopes)
    found: dict[Key, State] = {}
    for rule, scope, phase, since, as_of, data, data_since, cooling in rows.values_list("rule", "scope", *_STATE):
        try:
            found[rule, scope] = State(Phase(phase), since, as_of, Data(data), data_since, cooling)
        except ValueError as error:  # one damaged state must not stop the others: this one begins anew
            log.error("rule_state_unreadable", rule=str(rule), scope_id=scope, error=str(error))
            found[rule, scope] = IN_ORDER
    return found


def lock_open(organization_id: str, scopes: Collection[int] | None = None) -> Iterable[Alert]:
    """Return the open alerts, locked until commit; every caller locks them in the order of their ids."""
    rows = Alert.objects.select_related("scope").select_for_update(of=("self",))
    rows = rows.filter(organization=organization_id).exclude(status=Status.RESOLVED)
    return rows.order_by("id") if scopes is None else rows.filter(scope__in=scopes).order_by("id")


def _lately_resolved(
    organization_id: str, compiled_rules: Sequence[CompiledRule], scopes: Collection[int] | None, now: datetime
) -> dict[tuple[Any, int, str], Alert]:
    """Return the last alert of each kind, rule and scope whose cooldown may not be over."""
    longest = timedelta(seconds=max(compiled.rule.cooldown_seconds for compiled in compiled_rules))
    rows = Alert.objects.filter(organization=organization_id, status=Status.RESOLVED, resolved_at__gt=now - longest)
    if scopes is not None:
        rows = rows.filter(scope__in=scopes)
    return {(row.rule_id, row.scope_id, row.kind): row for row in rows.order_by("resolved_at")}


def _newest(keys: Collection[str]) -> dict[str, Any]:
    """Return the newest alert of each key, open or not."""
    place_in_time = Window(RowNumber(), partition_by=F("dedup_key"), order_by=F("triggered_at").desc())
    rows = Alert.objects.filter(dedup_key__in=keys).annotate(place_in_time=place_in_time).filter(place_in_time=1)
    return dict(rows.values_list("dedup_key", "id"))
