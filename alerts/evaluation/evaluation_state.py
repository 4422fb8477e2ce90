"""Where rules and records of an organization stand while they are judged: read once, written once."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, Window
from django.db.models.functions import RowNumber

from alerts.evaluation import inhibition
from alerts.evaluation.changes import Journal
from alerts.models import Alert, Kind, Resolution, Rule, RuleState, Severity, Status
from alerts.rules import messages
from alerts.rules.catalogue import Metric
from alerts.rules.compiled_rule import Judge, dedup_key, place
from alerts.rules.lifecycle import cooling_until, outranks
from alerts.rules.machine import IN_ORDER, Data, Effect, Phase, Reading, Records, State, Step, Value
from intraday.org.models import Organization, Scope

MESSAGE_LENGTH = 500
Key = tuple[Any, int]
"""A rule and a scope, by primary key."""


class Board:
    def __init__(
        self, organization: Organization, judges: Sequence[Judge], scopes: Collection[int] | None, journal: Journal
    ) -> None:
        self._organization, self._now, self._journal = organization, journal.now, journal
        self._stored = _stored_states(judges, scopes)
        self._open = {(row.rule_id, row.scope_id, row.kind): row for row in lock_open(organization.pk, scopes)}
        self._last = _lately_resolved(organization.pk, judges, scopes, journal.now)
        self._states = self._with_records({judge.rule.pk: judge.rule for judge in judges})
        self._changed: dict[Key, State] = {}
        self._settled: set[Key] = set()
        self._fired: list[Alert] = []
        self._raised: list[tuple[Alert, str]] = []

    def _with_records(self, rules: dict[Any, Rule]) -> dict[Key, State]:
        known = {*self._stored, *(key[:2] for key in self._open), *(key[:2] for key in self._last)}
        return {
            key: replace(self._stored.get(key, IN_ORDER), records=self._records(key, rules[key[0]]))
            for key in known
            if key[0] in rules
        }

    def _records(self, key: Key, rule: Rule) -> Records:
        return Records(
            open=(*key, Kind.CONDITION) in self._open,
            cooling_until=self._cooling(key, Kind.CONDITION, rule, rule.severity),
            silence_open=(*key, Kind.NO_DATA) in self._open,
            silence_cooling_until=self._cooling(key, Kind.NO_DATA, rule, Severity.LOW),
        )

    def _cooling(self, key: Key, kind: str, rule: Rule, severity: str) -> datetime | None:
        last = self._last.get((*key, kind))
        if last is None or last.resolved_at is None:
            return None
        cooldown = timedelta(seconds=rule.cooldown_seconds)
        return cooling_until(last.resolved_at, cooldown, severity=severity, before=last.severity)

    # --- judging -----------------------------------------------------------------------------------------------------
    def state(self, judge: Judge, scope: Scope) -> State:
        return self._states.get((judge.rule.pk, scope.pk), IN_ORDER)

    def settled(self, judge: Judge, scope: Scope) -> bool:
        """Its records were opened or closed in this run: what came after that is for the next one."""
        return (judge.rule.pk, scope.pk) in self._settled

    def take(self, judge: Judge, scope: Scope, reading: Reading, step: Step) -> None:
        """The step is done: remember the state, and do to the records what it asks."""
        key = (judge.rule.pk, scope.pk)
        before = self.state(judge, scope)
        self._states[key] = step.state
        if _worth_storing(self._stored.get(key, IN_ORDER), step.state):
            self._changed[key] = step.state
        else:
            self._changed.pop(key, None)
        if any(effect is not Effect.SEEN for effect in step.effects):
            self._settled.add(key)
        since = before.since if before.phase is Phase.BREACHING else reading.as_of
        for effect in step.effects:
            self._apply(effect, judge, scope, reading.value, step, since)
        if not step.effects and step.state.as_of != before.as_of:
            self._show(judge, scope, reading.value)

    def _show(self, judge: Judge, scope: Scope, value: Value | None) -> None:
        """The open alert recovers: its value stays current."""
        record = self._open.get((judge.rule.pk, scope.pk, Kind.CONDITION))
        if record is not None:
            self._journal.show(record, value, record.message)

    def _apply(
        self, effect: Effect, judge: Judge, scope: Scope, value: Value | None, step: Step, since: datetime | None
    ) -> None:
        record = self._open.get((judge.rule.pk, scope.pk, Kind.CONDITION))
        silence = self._open.get((judge.rule.pk, scope.pk, Kind.NO_DATA))
        if effect is Effect.FIRE:
            self._fired.append(self._alert(judge, scope, value, since))
        elif effect is Effect.SILENT:
            self._fired.append(self._silence(judge, scope))
        elif effect is Effect.COOLING:
            self._journal.note(self._last[judge.rule.pk, scope.pk, Kind.CONDITION], "suppressed_cooldown")
        elif effect is Effect.SEEN and record is not None:
            self._see(record, judge, value, since)
        elif effect is Effect.CLEARED and record is not None:
            self._clear(record, judge, value, step.reason)
        elif effect is Effect.CLOSED and record is not None:
            self._journal.resolve(record, Resolution.CLOSED)
        elif effect is Effect.LOST and record is not None:
            self._journal.resolve(record, Resolution.NO_DATA)
        elif effect is Effect.HEARD and silence is not None:
            self._hear(silence, step.state)

    def _hear(self, silence: Alert, state: State) -> None:
        if state.data is Data.PAUSED:
            self._journal.resolve(silence, Resolution.CLOSED)
        else:
            self._journal.resolve(silence, Resolution.AUTO, reason="a value again")

    def _see(self, record: Alert, judge: Judge, value: Value | None, since: datetime | None) -> None:
        assert value is not None
        if record.condition_cleared_at is not None and judge.terms.breaches(value):
            record.condition_cleared_at, record.breaching_since = None, since
        record.peak_value = judge.worse(value, record.peak_value)
        self._journal.show(record, value, fired_message(judge.rule, judge.metric, record.scope, value))
        self._journal.see(record)
        severity = judge.rule.severity if outranks(judge.rule.severity, record.severity) else record.severity
        if outranks(severity, record.told_severity or record.severity):
            self._raised.append((record, severity))

    def _clear(self, record: Alert, judge: Judge, value: Value | None, reason: str) -> None:
        record.current_value = value
        if judge.rule.auto_resolve:
            self._journal.resolve(record, Resolution.AUTO, reason=reason)
        elif record.condition_cleared_at is None:
            self._journal.calm(record)

    def _alert(self, judge: Judge, scope: Scope, value: Value | None, since: datetime | None) -> Alert:
        rule = judge.rule
        assert value is not None
        said = fired_message(rule, judge.metric, scope, value)
        alert = self._record(judge, scope, Kind.CONDITION, rule.severity, said, value)
        alert.breaching_since = since
        return alert

    def _silence(self, judge: Judge, scope: Scope) -> Alert:
        said = silent_message(judge.rule, judge.metric, scope)
        return self._record(judge, scope, Kind.NO_DATA, Severity.LOW, said, None)

    def _record(self, judge: Judge, scope: Scope, kind: str, severity: str, message: str, value: Value | None) -> Alert:
        rule = judge.rule
        return Alert(
            organization=self._organization,
            scope=scope,
            rule=rule,
            kind=kind,
            dedup_key=dedup_key(rule.pk, scope, kind),
            rule_name=rule.name,
            rule_version=rule.version,
            alert_type=rule.alert_type,
            source=rule.source,
            metric=rule.metric,
            unit=judge.metric.unit,
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
        self._tell()
        self._journal.write()

    def _write_states(self) -> None:
        rows = [
            RuleState(rule_id=rule, scope_id=scope, **_columns(state)) for (rule, scope), state in self._changed.items()
        ]
        if rows:
            RuleState.objects.bulk_create(
                rows, update_conflicts=True, unique_fields=["rule", "scope"], update_fields=_STATE
            )

    def _tell(self) -> None:
        """Open what fired, raise what rose; whether people are told of it is asked for all at once."""
        if not self._fired and not self._raised:
            return
        before = _newest([alert.dedup_key for alert in self._fired])
        muted = inhibition.load(self._organization, [*self._open.values(), *self._fired], at=self._now)
        for alert in self._fired:
            alert.previous_id = before.get(alert.dedup_key)
            alert.suppressed = muted.mutes(alert, alert.scope)
            self._journal.open(alert, "fired" if alert.kind == Kind.CONDITION else "no data")
        for alert, severity in self._raised:
            alert.snoozed_until = None
            alert.suppressed = muted.mutes(alert, alert.scope)
            self._journal.raise_severity(alert, severity)


def fired_message(rule: Rule, metric: Metric, scope: Scope, value: Value | None) -> str:
    said = messages.fired(place(scope), metric, rule.operator, rule.threshold, rule.for_seconds, value)
    return said[:MESSAGE_LENGTH]


def silent_message(rule: Rule, metric: Metric, scope: Scope) -> str:
    return messages.silent(place(scope), metric, rule.no_data_for_seconds)[:MESSAGE_LENGTH]


_STATE = ["phase", "since", "as_of", "data", "data_since", "cooling"]


def _columns(state: State) -> dict[str, Any]:
    return {name: getattr(state, name) for name in _STATE}


def _worth_storing(before: State, after: State) -> bool:
    """What a rule that is in order last looked at is not: current figures never go back, so nothing hangs on it. Ten
    thousand rows a minute would say no more."""
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


def _stored_states(judges: Sequence[Judge], scopes: Collection[int] | None) -> dict[Key, State]:
    rows = RuleState.objects.filter(rule__in=[judge.rule.pk for judge in judges])
    if scopes is not None:
        rows = rows.filter(scope__in=scopes)
    return {
        (rule, scope): State(Phase(phase), since, as_of, Data(data), data_since, cooling)
        for rule, scope, phase, since, as_of, data, data_since, cooling in rows.values_list("rule", "scope", *_STATE)
    }


def lock_open(organization_id: str, scopes: Collection[int] | None = None) -> Iterable[Alert]:
    """The open records, locked until commit; everybody locks them in the order of their ids."""
    rows = Alert.objects.select_related("scope").select_for_update(of=("self",))
    rows = rows.filter(organization=organization_id).exclude(status=Status.RESOLVED)
    return rows.order_by("id") if scopes is None else rows.filter(scope__in=scopes).order_by("id")


def _lately_resolved(
    organization_id: str, judges: Sequence[Judge], scopes: Collection[int] | None, now: datetime
) -> dict[tuple[Any, int, str], Alert]:
    """The last record of each kind, rule and scope that a cooldown may still be counted from."""
    longest = timedelta(seconds=max(judge.rule.cooldown_seconds for judge in judges))
    rows = Alert.objects.filter(organization=organization_id, status=Status.RESOLVED, resolved_at__gt=now - longest)
    if scopes is not None:
        rows = rows.filter(scope__in=scopes)
    return {(row.rule_id, row.scope_id, row.kind): row for row in rows.order_by("resolved_at")}


def _newest(keys: Collection[str]) -> dict[str, Any]:
    """The newest record of each key, open or not."""
    place_in_time = Window(RowNumber(), partition_by=F("dedup_key"), order_by=F("triggered_at").desc())
    rows = Alert.objects.filter(dedup_key__in=keys).annotate(place_in_time=place_in_time).filter(place_in_time=1)
    return dict(rows.values_list("dedup_key", "id"))
