"""Whether people are told of an alert: snoozes and silences (R11), and what speaks for it already (inhibition)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from alerts import hours
from alerts.metrics import SILENCED_SOURCES, VOLUME_STATE
from alerts.models import Alert, Kind, Severity, Silence, Status
from alerts.records import SEVERITIES
from intraday.org.models import Organization, Scope


@dataclass(frozen=True)
class Muting:
    """The silences of an organization that hold at one instant, the sources whose feed is critically down, and the
    one alert that speaks for all of its scope and source: whoever looks at that one sees the others beside it."""

    at: datetime
    silences: tuple[Silence, ...] = ()
    down: frozenset[str] = frozenset()
    speakers: Mapping[tuple[int, str], Alert] = field(default_factory=dict)
    low_volume: frozenset[str] = frozenset()
    """The departments ('' is the whole organization) whose volume is far below forecast: their queues' is, too."""

    def mutes(self, alert: Alert, scope: Scope) -> bool:
        if alert.snoozed_until is not None and self.at < alert.snoozed_until:
            return True
        if scope.queue_name and alert.source in self.down:
            return True
        if self._is_told_above(scope) if alert.metric == VOLUME_STATE else self._is_spoken_for(alert, scope):
            return True
        return any(_matches(silence, alert, scope) for silence in self.silences)

    def _is_spoken_for(self, alert: Alert, scope: Scope) -> bool:
        """Return whether another alert speaks for this one. None speaks for a drop in volume: who looks after a busy
        queue would not learn from it that the line is broken."""
        return self.speakers.get((scope.pk, alert.source), alert).pk != alert.pk

    def _is_told_above(self, scope: Scope) -> bool:
        above = {""} if scope.department_id else set()
        return bool(self.low_volume & (above | ({scope.department_id} if scope.queue_name else set())))


def load(organization: Organization, open_alerts: Collection[Alert], *, at: datetime) -> Muting:
    """In one query; `open_alerts` are the organization's, each with its scope."""
    zone = ZoneInfo(organization.time_zone)
    current = Silence.objects.filter(organization=organization, starts_at__lte=at, ends_at__gt=at)
    holding = [each for each in current if not each.weekly or hours.hold(hours.read(each.weekly), zone, at)]
    down = {SILENCED_SOURCES[alert.metric] for alert in open_alerts if _says_feed_is_down(alert)}
    return Muting(at, tuple(holding), frozenset(down), _speakers(open_alerts, at), _low_volume(open_alerts, at))


def _low_volume(open_alerts: Collection[Alert], at: datetime) -> frozenset[str]:
    return frozenset(
        alert.scope.department_id
        for alert in open_alerts
        if alert.metric == VOLUME_STATE and not alert.scope.queue_name and _speaks(alert, at)
    )


def _speaks(alert: Alert, at: datetime) -> bool:
    """Return whether the alert is open and not put off."""
    put_off = alert.snoozed_until is not None and at < alert.snoozed_until
    return alert.status != Status.RESOLVED and not put_off


def _speakers(open_alerts: Collection[Alert], at: datetime) -> dict[tuple[int, str], Alert]:
    """The gravest, and of these the first, of those that are open and not put off themselves."""
    found: dict[tuple[int, str], Alert] = {}
    for alert in sorted(open_alerts, key=_precedence):
        if _speaks(alert, at):
            found.setdefault((alert.scope_id, alert.source), alert)
    return found


def _precedence(alert: Alert) -> tuple[int, datetime, str]:
    return -SEVERITIES.index(alert.severity), alert.triggered_at, str(alert.pk)


def _says_feed_is_down(alert: Alert) -> bool:
    return (
        alert.metric in SILENCED_SOURCES
        and alert.kind == Kind.CONDITION
        and alert.severity == Severity.CRITICAL
        and alert.status != Status.RESOLVED
        and not alert.scope.department_id
    )


def _matches(silence: Silence, alert: Alert, scope: Scope) -> bool:
    """Everything that the silence names is so; what it leaves empty is anything."""
    asked = (
        (silence.rule_id, alert.rule_id),
        (silence.source, alert.source),
        (silence.severity, alert.severity),
        (silence.department_id, scope.department_id),
        (silence.queue_name, scope.queue_name),
    )
    return all(not wanted or wanted == found for wanted, found in asked)
