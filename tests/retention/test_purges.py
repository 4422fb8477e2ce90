"""Each kind of rows at the border of its time, and what is never purged however old it is."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction

from alerts.models import Alert, AlertAudit, Notification, Rule, RuleChange, RuleState
from alerts.notifications.models import Delivery
from attendance.models import Person, Snapshot
from intraday.database import batches
from intraday.jobs.models import Lease
from intraday.org.models import ApiKey, Organization, Queue
from intraday.retention import registry
from tests.calls import at_once
from tests.retention.rows import make

NOW = datetime(2026, 1, 31, 10, tzinfo=UTC)
SECOND = timedelta(seconds=1)
RESOLVED = {"status": "resolved"}
ATTEMPT = {"username": "x", "ip_address": "127.0.0.1"}

# Table, its column of time, its days, other fields of a row.
BORDERS: list[tuple[str, str, float, dict[str, Any]]] = [
    ("alerts.Alert", "resolved_at", 400, RESOLVED),
    ("alerts.Silence", "ends_at", 400, {}),
    ("kpi.IntervalStats", "start", 400, {}),
    ("kpi.ForecastInterval", "start", 400, {}),
    ("kpi.StateChange", "at", 400, {}),
    ("kpi.VolumeDrop", "until", 400, {}),
    ("kpi.KPISnapshot", "expires_at", 0, {}),
    ("org.ApiKey", "revoked_at", 400, {}),
    ("org.WallBoard", "revoked_at", 400, {}),
    ("intake.Feed", "last_received_at", 400, {}),
    ("intake.FeedMinute", "minute", 2 / 24, {}),
    ("jobs.Lease", "expires_at", 1, {}),
    ("realtime.Cursor", "moved_at", 30, {}),
    ("realtime.Process", "seen_at", 1 / 24, {}),
    ("sessions.Session", "expire_date", 0, {}),
    ("sign_in.Failure", "at", 1, {}),
]


@pytest.mark.parametrize(("table", "column", "days", "fields"), BORDERS, ids=[border[0] for border in BORDERS])
def test_a_row_goes_when_its_time_is_over_and_not_before(
    stranger: Organization, table: str, column: str, days: float, fields: dict[str, Any]
):
    border = NOW - timedelta(days=days)
    kept, gone = (make(table, stranger, **{column: at}, **fields) for at in (border, border - SECOND))
    registry.purge(now=NOW)
    assert [row.pk for row in apps.get_model(table)._base_manager.all()] == [kept.pk]
    assert gone.pk != kept.pk


@pytest.mark.parametrize(
    ("table", "column", "days"),
    [
        ("admin.LogEntry", "action_time", 400),
        ("axes.AccessAttempt", "attempt_time", 30),
        ("axes.AccessFailureLog", "attempt_time", 30),
        ("axes.AccessLog", "attempt_time", 30),
    ],
)
def test_what_is_known_of_sign_ins_goes_in_its_time(db: None, table: str, column: str, days: float):
    model = apps.get_model(table)
    fields: dict[str, Any] = ATTEMPT
    if table == "admin.LogEntry":
        content_type = ContentType.objects.get_for_model(User)
        fields = {"user": User.objects.create(username="ada"), "content_type": content_type, "action_flag": 1}
    elif table == "axes.AccessAttempt":
        fields = {**ATTEMPT, "failures_since_start": 1}
    border = NOW - timedelta(days=days)
    for at in (border, border - SECOND):
        row = model.objects.create(**fields, **({"user_agent": str(at)} if "axes" in table else {}))
        model.objects.filter(pk=row.pk).update(**{column: at})
    registry.purge(now=NOW)
    assert [getattr(row, column) for row in model.objects.all()] == [border]


def test_settings_say_how_long(organization: Organization, settings: Any):
    settings.KEEP_ALERTS, settings.KEEP_ACCESS = timedelta(days=10), timedelta(days=20)
    make("alerts.Alert", organization, resolved_at=NOW - timedelta(days=11), **RESOLVED)
    make("org.ApiKey", organization, revoked_at=NOW - timedelta(days=11))
    registry.purge(now=NOW)
    assert (Alert.objects.count(), ApiKey.objects.count()) == (0, 1)


# --- alerts ----------------------------------------------------------------------------------------------------------
OLD = NOW - timedelta(days=1000)


def alert_of(organization: Organization, **fields: Any) -> Alert:
    made: Any = {}
    alert: Alert = make("alerts.Alert", organization, made, triggered_at=OLD, **fields)
    make("alerts.AlertAudit", organization, made, at=OLD)
    make("alerts.Notification", organization, made, created_at=OLD, due_at=OLD, settled_at=OLD)
    make("outgoing.Delivery", organization, made, due_at=OLD, settled_at=OLD)
    return alert


def test_an_open_alert_keeps_its_audit_and_deliveries_however_old_it_is(organization: Organization):
    for status in ("pending", "acknowledged"):
        alert_of(organization, status=status)
    registry.purge(now=NOW)
    assert [model.objects.count() for model in (Alert, AlertAudit, Notification, Delivery)] == [2, 2, 2, 2]


def test_a_resolved_alert_goes_with_its_audit_and_deliveries(organization: Organization):
    alert_of(organization, status="resolved", resolved_at=OLD)
    registry.purge(now=NOW)
    assert [model.objects.count() for model in (Alert, AlertAudit, Notification, Delivery)] == [0, 0, 0, 0]


def test_the_alert_before_an_open_one_stays_until_that_one_is_resolved(organization: Organization):
    before = alert_of(organization, status="resolved", resolved_at=OLD)
    after = make("alerts.Alert", organization, status="pending", previous=before)
    registry.purge(now=NOW)
    assert Alert.objects.count() == 2
    Alert.objects.filter(pk=after.pk).update(status="resolved", resolved_at=NOW)
    registry.purge(now=NOW)
    assert Alert.objects.get().previous is None


def test_a_deleted_rule_goes_after_its_last_alert(organization: Organization):
    made: Any = {}
    rule = make("alerts.Rule", organization, made, deleted_at=OLD)
    make("alerts.RuleChange", organization, made, at=OLD)
    alert = make("alerts.Alert", organization, made, status="resolved", resolved_at=NOW)
    registry.purge(now=NOW)
    assert Rule.objects.filter(pk=rule.pk).exists()
    Alert.objects.filter(pk=alert.pk).update(resolved_at=OLD)
    registry.purge(now=NOW)
    assert (Rule.objects.count(), RuleChange.objects.count()) == (0, 0)


def test_the_last_change_of_a_rule_stays(organization: Organization):
    made: Any = {}
    make("alerts.Rule", organization, made, version=3)
    for version in (1, 2, 3):
        make("alerts.RuleChange", organization, made, version=version, at=OLD)
    registry.purge(now=NOW)
    assert [change.version for change in RuleChange.objects.all()] == [3]


def test_states_go_with_the_queue_that_they_are_of(organization: Organization):
    rule = make("alerts.Rule", organization)
    scopes = organization.scopes.all()
    for scope in scopes:
        RuleState.objects.create(rule=rule, scope=scope, phase="firing", data="ok")
    Queue.objects.filter(name="billing").delete()
    registry.purge(now=NOW)
    gone = scopes.exclude(pk__in=RuleState.objects.values("scope"))
    assert [scope.queue_name for scope in gone] == ["billing"]


# --- people ----------------------------------------------------------------------------------------------------------
def test_a_person_goes_with_the_last_of_her_rows(organization: Organization):
    made: Any = {}
    person = make("attendance.Person", organization, made)
    young, old = NOW - timedelta(days=34), NOW - timedelta(days=36)
    record = make("attendance.AttendanceRecord", organization, made, time=old, received_at=young, status="present")
    registry.purge(now=NOW)
    assert Person.objects.filter(pk=person.pk).exists()
    type(record).objects.update(received_at=old)
    registry.purge(now=NOW)
    assert not Person.objects.exists()


def test_the_newest_figures_of_a_silent_department_stay_without_names(organization: Organization):
    made: Any = {}
    old = NOW - timedelta(days=36)
    checkins = [{"employee_id": "ada", "employee_name": "Ada", "checked_in_at": 0, "status": "late"}]
    snapshot = make("attendance.Snapshot", organization, made, time=old, received_at=old, recent_checkins=checkins)
    make("attendance.CurrentAttendance", organization, made, snapshot=snapshot, time=old)
    registry.purge(now=NOW)
    assert Snapshot.objects.get().recent_checkins == []


def test_holidays_are_kept_as_long_as_the_intervals_that_they_explain(organization: Organization):
    made: Any = {}
    for day in (date(2024, 12, 27), date(2024, 12, 26)):
        make("kpi.Holiday", organization, made, date=day)
    registry.purge(now=NOW)
    assert [row.date for row in apps.get_model("kpi.Holiday").objects.all()] == [date(2024, 12, 27)]


# --- batches ---------------------------------------------------------------------------------------------------------
def test_rows_go_in_batches_each_in_a_transaction_of_its_own(transactional_db: None, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(batches, "ROWS", 10)
    Lease.objects.bulk_create(Lease(job=str(n), holder="x", expires_at=NOW) for n in range(25))
    sizes = []
    with connection.execute_wrapper(lambda execute, sql, *rest: _noted(sizes, execute, sql, *rest)):
        assert batches.delete(Lease.objects.all()) == 25
    assert sizes == [10, 10, 5]


def _noted(sizes: list[int], execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
    result = execute(sql, params, many, context)
    if sql.startswith("DELETE"):
        sizes.append(context["cursor"].rowcount)
    return result


def test_a_run_that_is_out_of_time_leaves_the_rest_to_the_next(db: None, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(batches, "ROWS", 10)
    Lease.objects.bulk_create(Lease(job=str(n), holder="x", expires_at=NOW) for n in range(25))
    assert batches.delete(Lease.objects.all(), seconds=0) == 10
    assert batches.delete(Lease.objects.all()) == 15


def test_nobody_waits_for_rows_that_somebody_else_has_locked(transactional_db: None):
    """On two connections: the purge leaves the locked row and does not wait for its writer."""
    for n in range(3):
        Lease.objects.create(job=str(n), holder="x", expires_at=NOW)
    with transaction.atomic():
        Lease.objects.select_for_update().get(job="1")
        assert at_once(lambda: batches.delete(Lease.objects.all())) == [2]
    assert [lease.job for lease in Lease.objects.all()] == ["1"]
