"""Processes of release 0.1 write beside ours during an upgrade: what they insert must fit the migrated tables."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID

import pytest
from django.apps import apps
from django.db import connection, models, transaction

from tests.live import ROOT

COLUMNS_OF_0_1 = {
    "alerts_alert": (
        "id organization_id scope_id rule_id kind dedup_key previous_id rule_name rule_version alert_type source "
        "metric unit severity message threshold_value runbook status version triggered_at waiting_since "
        "reminded_at last_seen_at occurrence_count current_value peak_value condition_cleared_at acknowledged_at "
        "acknowledged_by resolved_at resolved_by resolution note snoozed_until suppressed escalation_level "
        "escalated_at"
    ),
    "alerts_alertaudit": (
        "id alert_id at from_status to_status actor reason note value threshold rule_version request_id"
    ),
    "alerts_escalationstep": "id rule_id after_seconds to raise_severity",
    "alerts_notification": "id alert_id transition to created_at due_at settled_at outcome",
    "alerts_round": "organization_id judged_at",
    "alerts_rule": (
        "id organization_id name alert_type source metric operator threshold clear_threshold severity "
        "evaluate_each department_id queue_name for_seconds recover_for_seconds cooldown_seconds no_data_mode "
        "no_data_for_seconds auto_resolve ack_timeout_seconds repeat_seconds active_hours time_zone runbook "
        "enabled version created_at changed_at deleted_at"
    ),
    "alerts_rulechange": "id rule_id version action at actor changes",
    "alerts_rulestate": "id rule_id scope_id phase since as_of data data_since cooling",
    "alerts_silence": (
        "id organization_id rule_id source severity department_id queue_name starts_at ends_at weekly comment "
        "created_by created_at"
    ),
    "attendance_attendancerecord": (
        "id person_id time received_at department_id site_id status checked_in_at checked_out_at shift_start shift_end"
    ),
    "attendance_currentattendance": "scope_id snapshot_id time",
    "attendance_duty": "id organization_id person_id department_id starts ends on_leave made_at",
    "attendance_person": "id organization_id employee_id name department_id site_id newest_at",
    "attendance_shift": (
        "id organization_id shift_id person_id department_id queue_names start end kind cancelled posted received_at"
    ),
    "attendance_snapshot": (
        "id scope_id time received_at scheduled present expected absent left_early late no_show on_leave "
        "unscheduled lost_minutes recent_checkins"
    ),
    "attendance_spell": (
        "id organization_id person_id department_id status starts ends came_at said_at heard_at made_at"
    ),
    "backlog_currentbacklog": "scope_id snapshot_id time fresh_until cadence_seconds window",
    "backlog_snapshot": (
        "id scope_id time received_at derived total_items average_wait_minutes items_over_sla items_at_risk "
        "stated_compliance stated_added stated_completed added_total completed_total oldest_age_minutes over_sla "
        "compliance added completed flow_source interval_seconds trend slope_per_hour quality"
    ),
    "intake_feed": (
        "id organization_id source kind last_received_at newest_data_time cadence_seconds last_error last_error_at"
    ),
    "intake_feedminute": "id feed_id minute accepted rejected",
    "jobs_dirtyscope": "scope_id marked_at",
    "jobs_jobrun": "job runs failures seconds_total last_seconds last_begun_at last_succeeded_at",
    "jobs_lease": "id job organization_id holder expires_at",
    "kpi_currentkpi": "scope_id time as_of fresh_until snapshot_id saved_at figure idle memo",
    "kpi_forecastinterval": (
        "id scope_id start end minutes received_at offered aht_seconds required_agents scheduled_agents"
    ),
    "kpi_holiday": "id scope_id date name",
    "kpi_intervalfeed": "scope_id as_of cadence_seconds arrivals",
    "kpi_intervalstats": (
        "id scope_id start end minutes as_of received_at offered answered answered_in_target abandoned "
        "abandoned_in_target wait_seconds handle_seconds available_seconds other_productive_seconds paid_seconds "
        "agents waiting_now longest_wait_seconds agents_available agents_on_contact agents_after_contact"
    ),
    "kpi_kpisnapshot": "id scope_id time saved_at expires_at figure",
    "kpi_organizationsettings": "organization_id sla_weight staffing_weight utilization_weight change_minutes",
    "kpi_queuesettings": (
        "scope_id kind target_service_level target_seconds sla_minutes aht_seconds max_occupancy shrinkage "
        "abandon_policy patience_seconds concurrency opening_hours interval_minutes cadence_seconds"
    ),
    "org_apikey": "id organization_id name prefix digest scopes created_at revoked_at",
    "org_department": "id organization_id code name",
    "org_membership": "id user_id organization_id role department_ids",
    "org_organization": "id name time_zone created_at access_version",
    "org_queue": "id department_id name",
    "org_scope": "id organization_id department_id queue_name",
    "org_wallboard": "id organization_id department_id name digest created_by created_at revoked_at",
    "outgoing_channel": "id organization_id name kind address secret enabled",
    "outgoing_delivery": "id notification_id to channel_id mailbox due_at attempts outcome detail settled_at",
    "outgoing_route": "id organization_id to minimum_severity department_id queue_name enabled",
    "realtime_connection": "id process_id organization_id user_id role connected_at rooms",
    "realtime_cursor": "id organization_id user_id name stream epoch seq holder moved_at",
    "realtime_process": "id host pid started_at seen_at degraded counters",
    "realtime_segment": "id stream_id first_seq last_seq committed_at index body",
    "realtime_stream": "name organization_id channel epoch head tail tail_moved_at",
}
"""The columns of each table that release 0.1 names when it inserts a row: it knows no others."""
TEXT_OF = {
    "JSONField": "{}",
    "UUIDField": str(UUID(int=1)),
    "DateField": "2026-01-31",
    "DateTimeField": str(datetime(2026, 1, 31, 10, tzinfo=UTC)),
}
"""A value of each type as text, which both databases convert. Other columns take the digit 1."""
SQL = 'INSERT INTO "{table}" ({columns}) VALUES ({places})'


def text_of(field: "models.Field[object, object]") -> str:
    while isinstance(field, models.ForeignKey):
        field = field.target_field
    return TEXT_OF.get(field.get_internal_type(), "1")


def insert_of_0_1(table: str, place: str) -> tuple[str, list[str]]:
    """Return the statement by which release 0.1 stores a row of this table, and its values."""
    [model] = [model for model in apps.get_models() if model._meta.db_table == table]
    fields = {field.column: field for field in model._meta.local_concrete_fields}
    columns = COLUMNS_OF_0_1[table].split()
    quoted = ", ".join(f'"{column}"' for column in columns)
    sql = SQL.format(table=table, columns=quoted, places=", ".join([place] * len(columns)))
    return sql, [text_of(fields[column]) for column in columns]


@pytest.fixture(scope="module")
def on_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    """A migrated database of the embedded set-up. It checks no foreign keys, as nothing asks it to."""
    folder = tmp_path_factory.mktemp("embedded")
    migrate = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
    alone = {"DATABASE_URL": "", "REDIS_URL": "", "INTRADAY_VAR": str(folder)}
    subprocess.run(migrate, cwd=ROOT, env=os.environ | alone, check=True)
    disk = sqlite3.connect(folder / "intraday.sqlite3", isolation_level=None)
    yield disk
    disk.close()


@pytest.mark.parametrize("table", COLUMNS_OF_0_1)
def test_postgresql_takes_a_row_of_the_release_before(db: None, table: str):
    """Rolled back before foreign keys are checked: the row refers to none."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(*insert_of_0_1(table, "%s"))
        transaction.set_rollback(True)
        assert cursor.rowcount == 1


@pytest.mark.parametrize("table", COLUMNS_OF_0_1)
def test_sqlite_takes_a_row_of_the_release_before(on_sqlite: sqlite3.Connection, table: str):
    assert on_sqlite.execute(*insert_of_0_1(table, "?")).rowcount == 1
