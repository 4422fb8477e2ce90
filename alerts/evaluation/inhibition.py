"""Suppress notifications: snoozes and silences (R11), and alerts that another alert covers (inhibition)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

import structlog

from alerts.choices import SEVERITIES, AlertKind, Severity, Status
from alerts.models import Alert, Silence
from alerts.rules import weekly_windows
from alerts.rules.catalogue import SILENCED_SOURCES, VOLUME_STATE
from intraday.org.models import Organization, Scope
from intraday.values.once import Once

log = structlog.get_logger(__name__)
_logged = Once()


@dataclass(frozen=True)
class Inhibition:
    """The silences of an organization that hold at one instant, the sources whose feed is critically down, and for each
    scope and source the one alert that people are notified of: its page lists the others beside it."""

    at: datetime
    silences: tuple[Silence, ...] = ()
    down: frozenset[str] = frozenset()
    leading: Mapping[tuple[int, str], Alert] = field(default_factory=dict)
    low_volume: frozenset[str] = frozenset()
    """The departments ('' is the whole organization) whose volume is far below forecast: so is that of their queues."""

    def suppresses(self, alert: Alert, scope: Scope) -> bool:
        if alert.snoozed_until is not None and self.at < alert.snoozed_until:
            return True
        if scope.queue_name and alert.source in self.down:
            return True
        volume = alert.metric == VOLUME_STATE
        if self._is_covered_above(scope) if volume else self._is_covered(alert, scope):
            return True
        return any(_matches(silence, alert, scope) for silence in self.silences)

    def _is_covered(self, alert: Alert, scope: Scope) -> bool:
        """Return whether another alert of the scope covers this one. None covers a drop in volume: it would not tell
        the people who look after a busy queue that the line is broken."""
        return self.leading.get((scope.pk, alert.source), alert).pk != alert.pk

    def _is_covered_above(self, scope: Scope) -> bool:
        above = {""} if scope.department_id else set()
        return bool(self.low_volume & (above | ({scope.department_id} if scope.queue_name else set())))


def load_inhibition(organization: Organization, open_alerts: Collection[Alert], *, at: datetime) -> Inhibition:
    """Load in one query; `open_alerts` are the organization's, each with its scope."""
    zone = ZoneInfo(organization.time_zone)
    current = Silence.objects.filter(organization=organization, starts_at__lte=at, ends_at__gt=at)
    holding = [each for each in current if _holds(each, zone, at)]
    down = {SILENCED_SOURCES[alert.metric] for alert in open_alerts if _reports_feed_down(alert)}
    return Inhibition(at, tuple(holding), frozenset(down), _leading(open_alerts, at), _low_volume(open_alerts, at))


def _holds(silence: Silence, zone: ZoneInfo, at: datetime) -> bool:
    """Return whether the silence holds now; one whose weekly times nobody can read silences nothing."""
    try:
        return not silence.weekly or weekly_windows.cover(weekly_windows.parse(silence.weekly), zone, at)
    except ValueError as error:
        if _logged.is_news(silence.pk, str(error)):
            place = {"organization_id": silence.organization_id, "silence": str(silence.pk)}
            log.error("silence_unreadable", **place, error=str(error))
        return False


def _low_volume(open_alerts: Collection[Alert], at: datetime) -> frozenset[str]:
    return frozenset(
        alert.scope.department_id
        for alert in open_alerts
        if alert.metric == VOLUME_STATE and not alert.scope.queue_name and _is_active(alert, at)
    )


def _is_active(alert: Alert, at: datetime) -> bool:
    """Return whether the alert is open and not snoozed."""
    snoozed = alert.snoozed_until is not None and at < alert.snoozed_until
    return alert.status != Status.RESOLVED and not snoozed


def _leading(open_alerts: Collection[Alert], at: datetime) -> dict[tuple[int, str], Alert]:
    """Return the gravest alert of each scope and source, and of these the first, among those open and not snoozed."""
    found: dict[tuple[int, str], Alert] = {}
    for alert in sorted(open_alerts, key=_precedence):
        if _is_active(alert, at):
            found.setdefault((alert.scope_id, alert.source), alert)
    return found


def _precedence(alert: Alert) -> tuple[int, datetime, str]:
    return -SEVERITIES.index(alert.severity), alert.triggered_at, str(alert.pk)


def _reports_feed_down(alert: Alert) -> bool:
    return (
        alert.metric in SILENCED_SOURCES
        and alert.kind == AlertKind.CONDITION
        and alert.severity == Severity.CRITICAL
        and alert.status != Status.RESOLVED
        and not alert.scope.department_id
    )


def _matches(silence: Silence, alert: Alert, scope: Scope) -> bool:
    """Return whether the alert has everything that the silence names; an empty field matches anything."""
    asked = (
        (silence.rule_id, alert.rule_id),
        (silence.source, alert.source),
        (silence.severity, alert.severity),
        (silence.department_id, scope.department_id),
        (silence.queue_name, scope.queue_name),
    )
    return all(not wanted or wanted == found for wanted, found in asked)
