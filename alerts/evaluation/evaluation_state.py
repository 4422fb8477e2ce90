"""The states of rules and the open alerts of an organization during a run: read once, written once."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from alerts.choices import AlertKind, Resolution, Severity
from alerts.evaluation import newest_alerts, open_alerts, rule_states
from alerts.evaluation.changes import Changes
from alerts.evaluation.inhibition import load_inhibition
from alerts.evaluation.rule_states import Key, States
from alerts.models import Alert
from alerts.rules import messages
from alerts.rules.catalogue import Metric
from alerts.rules.compiled_rule import CompiledRule, RuleFields
from alerts.rules.coverage import dedup_key, scope_label
from alerts.rules.lifecycle import cooling_until, outranks
from alerts.rules.machine import IN_ORDER, Data, Effect, Phase, Reading, RelatedAlerts, State, Step, Value
from intraday.database.row_versions import Version
from intraday.org.models import Organization, Scope

MESSAGE_LENGTH = 500
NO_ALERTS = RelatedAlerts()


class EvaluationState:
    """`stored` are the states of rules as the database has them, at least those of these scopes."""

    def __init__(
        self,
        organization: Organization,
        compiled_rules: Sequence[CompiledRule],
        scopes: Collection[int] | None,
        stored: States,
        changes: Changes,
    ) -> None:
        self._organization, self._now, self._changes = organization, changes.now, changes
        self._stored = stored
        self._locked = open_alerts.lock(organization.pk, scopes)
        self._open = {(row.rule_id, row.scope_id, row.kind): row for row in self._locked.rows}
        self._last = newest_alerts.lately_resolved(organization.pk, compiled_rules, scopes, changes.now)
        self._states = self._with_alerts({compiled.rule.pk: compiled.rule for compiled in compiled_rules})
        self._changed_states: dict[Key, State] = {}
        self._settled: set[Key] = set()
        self._fired: list[Alert] = []
        self._raised: list[tuple[Alert, str]] = []

    def _with_alerts(self, rules: dict[Any, RuleFields]) -> States:
        """Return the states beside which there are alerts, with these."""
        keys = {key[:2] for key in (*self._open, *self._last) if key[0] in rules}
        return {key: self._stored.get(key, IN_ORDER)._replace(alerts=self._related(key, rules[key[0]])) for key in keys}

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
    def state(self, key: Key) -> State:
        return self._states.get(key) or self._stored.get(key, IN_ORDER)

    def settled(self, key: Key) -> bool:
        """Return whether an alert was opened or closed in this run: later figures are left to the next one."""
        return bool(self._settled) and key in self._settled

    def take(self, compiled: CompiledRule, scope: Scope, key: Key, reading: Reading, before: State, step: Step) -> None:
        """Keep the state that the step led to, and carry its effects into the alerts."""
        if step.state is before and not step.effects:
            return
        self._states[key] = step.state
        if _worth_storing(self._stored.get(key, IN_ORDER), step.state):
            self._changed_states[key] = step.state
        else:
            self._changed_states.pop(key, None)
        if any(effect is not Effect.SEEN for effect in step.effects):
            self._settled.add(key)
        since = before.since if before.phase is Phase.BREACHING else reading.as_of
        for effect in step.effects:
            self._apply(effect, compiled, scope, key, reading.value, step, since)
        if before.alerts.open and not step.effects and step.state.as_of != before.as_of:
            self._show(key, reading.value)

    def _show(self, key: Key, value: Value | None) -> None:
        """Keep the value of an open alert that recovers current."""
        alert = self._open.get((*key, AlertKind.CONDITION))
        if alert is not None:
            self._changes.show(alert, value, alert.message)

    def _apply(
        self,
        effect: Effect,
        compiled: CompiledRule,
        scope: Scope,
        key: Key,
        value: Value | None,
        step: Step,
        since: datetime | None,
    ) -> None:
        alert = self._open.get((*key, AlertKind.CONDITION))
        if effect is Effect.FIRE:
            self._fired.append(self._condition_alert(compiled, scope, value, since))
        elif effect is Effect.NO_DATA:
            self._fired.append(self._no_data_alert(compiled, scope))
        elif effect is Effect.COOLING:
            self._changes.audit(self._last[*key, AlertKind.CONDITION], "suppressed_cooldown")
        elif effect is Effect.SEEN and alert is not None:
            self._see(alert, compiled, value, since)
        elif effect is Effect.CLEARED and alert is not None:
            self._clear(alert, compiled, value, step.reason)
        elif effect is Effect.CLOSED and alert is not None:
            self._changes.resolve(alert, Resolution.CLOSED)
        elif effect is Effect.LOST and alert is not None:
            self._changes.resolve(alert, Resolution.NO_DATA)
        elif (
            effect is Effect.DATA_RETURNED and (no_data_alert := self._open.get((*key, AlertKind.NO_DATA))) is not None
        ):
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
        if compiled.rule.auto_resolve:
            alert.current_value = value
            self._changes.resolve(alert, Resolution.AUTO, reason=reason)
        elif alert.condition_cleared_at is None:
            alert.current_value = value
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
    def write(self, version: Version) -> None:
        """Write everything. The states are then those that the database has; `version` is that of rows written now."""
        rule_states.write(self._changed_states)
        self._open_and_raise()
        self._changes.write()
        self._locked.remember(self._changes, version)
        self._stored.update({key: state._replace(alerts=NO_ALERTS) for key, state in self._changed_states.items()})

    def _open_and_raise(self) -> None:
        """Open new alerts and raise the severity of others; inhibition is loaded once for all of them."""
        if not self._fired and not self._raised:
            return
        before = newest_alerts.by_key([alert.dedup_key for alert in self._fired])
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
