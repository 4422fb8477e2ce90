"""Every table with what ends its growth: a purge, or the reason why it does not grow. Tests miss no table."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import structlog

import alerts.actions.services
import alerts.notifications.at_rest
import alerts.retention
import attendance.retention
import backlog.retention
import intraday.audit.retention
import intraday.feed_health.retention
import intraday.jobs.retention
import intraday.org.retention
import intraday.sign_in.retention
import kpi.retention
import realtime.retention
from intraday.rest.idempotency import stored_answers
from intraday.retention import sign_ins

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Purge:
    """A purge by its name in logs. `tables` names what it deletes from, as `app.Model`, with what goes along."""

    name: str
    run: Callable[..., int]
    tables: tuple[str, ...]


PURGES = (
    Purge(
        "realtime",
        realtime.retention.purge,
        (
            "realtime.Segment",
            "realtime.Cursor",
            "realtime.EventName",
            "realtime.Process",
            "realtime.Connection",
        ),
    ),
    Purge(
        "kpi",
        kpi.retention.purge,
        (
            "kpi.KPISnapshot",
            "kpi.IntervalStats",
            "kpi.ForecastInterval",
            "kpi.StateChange",
            "kpi.VolumeDrop",
            "kpi.Holiday",
        ),
    ),
    Purge("backlog", backlog.retention.purge, ("backlog.Snapshot",)),
    Purge(
        "attendance",
        attendance.retention.purge,
        (
            "attendance.Snapshot",
            "attendance.AttendanceRecord",
            "attendance.AgentState",
            "attendance.StatusPeriod",
            "attendance.ScheduledPeriod",
            "attendance.Shift",
            "attendance.Person",
        ),
    ),
    Purge(
        "alerts",
        alerts.retention.purge,
        (
            "alerts.Alert",
            "alerts.AlertAudit",
            "alerts.Notification",
            "outgoing.Delivery",
            "alerts.Silence",
            "alerts.RuleChange",
            "alerts.RuleState",
            "alerts.Rule",
            "alerts.EscalationStep",
        ),
    ),
    Purge("actions", alerts.actions.services.purge, ("actions.Action",)),
    Purge("secrets of channels", alerts.notifications.at_rest.keep, ()),  # overlaps that end, and plain ones
    Purge("feeds", intraday.feed_health.retention.purge, ("intake.FeedMinute", "intake.Feed")),
    Purge("stored answers", stored_answers.purge, ("idempotency.StoredAnswer",)),
    Purge("jobs", intraday.jobs.retention.purge, ("jobs.Lease",)),
    Purge("audit log", intraday.audit.retention.purge, ("audit.AuditEntry",)),
    Purge("credentials", intraday.org.retention.purge, ("org.ApiKey", "org.WallBoard")),
    Purge("limits of sign-in", intraday.sign_in.retention.purge, ("sign_in.Failure",)),
    Purge(
        "sign-ins",
        sign_ins.purge,
        (
            "sessions.Session",
            "admin.LogEntry",
            "axes.AccessAttempt",
            "axes.AccessAttemptExpiration",
            "axes.AccessFailureLog",
            "axes.AccessLog",
        ),
    ),
)

_BY_HAND = "made and removed by people"
_UNUSED = "a table of allauth that nothing writes"
_PER_SCOPE = "one row for each queue, department or organization"
BOUNDED = {
    "org.Organization": f"{_BY_HAND}: `manage.py organization delete`",
    "org.Department": _BY_HAND,
    "org.Queue": _BY_HAND,
    "org.Scope": f"{_PER_SCOPE}, also of removed ones: their history refers to it",
    "org.Membership": _BY_HAND,
    "org.SavedView": "a bounded number for each membership, removed with it",
    "outgoing.Channel": _BY_HAND,
    "outgoing.Route": _BY_HAND,
    "kpi.QueueSettings": _PER_SCOPE,
    "kpi.OrganizationSettings": _PER_SCOPE,
    "kpi.IntervalFeed": _PER_SCOPE,
    "kpi.CurrentKPI": _PER_SCOPE,
    "backlog.CurrentBacklog": _PER_SCOPE,
    "attendance.CurrentAttendance": _PER_SCOPE,
    "attendance.AttendanceSettings": _PER_SCOPE,
    "attendance.UncountedPost": "one row for each department of a post, until the figures count it",
    "alerts.Round": _PER_SCOPE,
    "jobs.DirtyScope": f"{_PER_SCOPE}, until its figures are worked out",
    "jobs.JobRun": "one row for each kind of job",
    "realtime.Stream": "one row for each channel of an organization",
    "auth.User": f"{_BY_HAND}: `manage.py person erase`",
    "account.EmailAddress": _UNUSED,
    "account.EmailConfirmation": _UNUSED,
    "mfa.Authenticator": "at most two rows for each person: the second factor and its recovery codes",
    "socialaccount.SocialAccount": "one row for each person and provider: removed with either",
    "socialaccount.SocialApp": _UNUSED,
    "socialaccount.SocialToken": _UNUSED,
    "sign_in.IdentityProvider": _BY_HAND,
    "sign_in.GroupGrant": _BY_HAND,
    "sign_in.GrantedMembership": "at most one row for each membership, removed with it",
    "auth.Group": _BY_HAND,
    "auth.Permission": "one row for each kind of right",
    "auth.User_groups": _BY_HAND,
    "auth.User_user_permissions": _BY_HAND,
    "auth.Group_permissions": _BY_HAND,
    "contenttypes.ContentType": "one row for each table",
}
"""Tables that no purge touches, with the reason."""


class PurgesFailedError(Exception):
    """Some purges failed; the others were done."""


def purge(*, now: datetime) -> int:
    """Run every purge; return how many rows are gone. One that fails stops no other. Raises PurgesFailedError."""
    gone, failed = 0, []
    for each in PURGES:
        try:
            gone += _run(each, now)
        except Exception:  # of whatever kind: the next one is as due as this
            log.exception("purge_failed", purge=each.name)
            failed.append(each.name)
    if failed:
        raise PurgesFailedError(f"Purges that failed, to be repeated in an hour: {', '.join(failed)}.")
    return gone


def _run(each: Purge, now: datetime) -> int:
    gone = each.run(now=now)
    if gone:
        log.info("rows_purged", purge=each.name, rows=gone)
    return gone
