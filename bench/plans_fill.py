"""Rows for the query plans, made inside PostgreSQL: the newest at one instant, a minute or half an hour apart."""

from datetime import datetime

from django.db import connection

STREAMS = 100  # of which one is read
OPEN = 1_000  # every so many-th alert is open
TENTH = 10  # alerts and audit entries are rarer than figures

TABLES: dict[str, int] = {}
"""Rows of each large table after `fill_tables`."""

_OF_QUEUES = """
    FROM org_scope AS scope CROSS JOIN generate_series(0, %(each)s - 1) AS n
    WHERE scope.organization_id = %(organization)s AND scope.queue_name <> ''
"""
FIGURES: dict[str, str] = {
    "backlog_snapshot": """
        (id, scope_id, time, received_at, derived, total_items, average_wait_minutes, added, completed, flow_source,
         trend, quality)
        SELECT gen_random_uuid(), scope.id, %(newest)s - n * interval '1 minute', %(newest)s - n * interval '1 minute',
            false, 20 + n %% 50, 2.5, n %% 7, n %% 5, 'explicit', 'stable', 'ok'
    """,
    "kpi_kpisnapshot": """
        (id, scope_id, time, saved_at, expires_at, figure)
        SELECT gen_random_uuid(), scope.id, %(newest)s - n * interval '1 minute', %(newest)s - n * interval '1 minute',
            %(newest)s + interval '35 days', '{"state":{}}'::bytea
    """,
    "kpi_statechange": """
        (scope_id, at, before, level, reasons)
        SELECT scope.id, %(newest)s - n * interval '10 minutes', 'ok', 'critical', '[]'
    """,
    "kpi_intervalstats": """
        (scope_id, start, "end", minutes, as_of, received_at, offered, answered, answered_in_target, abandoned,
         handle_seconds, available_seconds, agents)
        SELECT scope.id, %(newest)s - n * interval '30 minutes', %(newest)s - (n - 1) * interval '30 minutes', 30,
            %(newest)s, %(newest)s, 50, 48, 40, 2, 9000, 3000, 20
    """,
}
ALERTS = """
    INSERT INTO alerts_alert
    (id, organization_id, scope_id, rule_id, kind, dedup_key, rule_name, rule_version, alert_type, source, metric, unit,
     severity, message, runbook, status, version, triggered_at, waiting_since, reminded_at, last_seen_at,
     occurrence_count, acknowledged_by, resolved_by, resolved_at, resolution, note, suppressed, escalation_level)
    SELECT gen_random_uuid(), %(organization)s, first.id + n %% %(queues)s, %(rule)s, 'condition', 'key-' || n, 'rule',
        1, 'health', 'kpi', 'health_score', '', 'high', 'health is below 40', '',
        CASE n %% %(open)s WHEN 0 THEN 'pending' ELSE 'resolved' END, 1, at, at, at, at, 1, '', '',
        CASE n %% %(open)s WHEN 0 THEN NULL ELSE at + interval '10 minutes' END, '', '', false, 0
    FROM (SELECT min(id) AS id FROM org_scope WHERE organization_id = %(organization)s AND queue_name <> '') AS first,
        generate_series(1, %(tenth)s) AS n, LATERAL (SELECT %(newest)s - n * interval '1 minute') AS t(at)
"""
AUDIT = """
    INSERT INTO audit_auditentry (at, organization_id, actor, action, target, address, request_id)
    SELECT %(newest)s - n * interval '1 minute', %(organization)s, 'ada', 'rule.changed', 'rule', '', ''
    FROM generate_series(1, %(tenth)s) AS n
"""
STREAM_ROWS = """
    INSERT INTO realtime_stream (name, organization_id, channel, epoch, head, tail)
    SELECT 'custom:org:' || %(organization)s || '-' || s, %(organization)s, 'custom', 'epoch', %(head)s, 0
    FROM generate_series(1, %(streams)s) AS s
"""
SEGMENTS = """
    INSERT INTO realtime_segment (stream_id, first_seq, last_seq, committed_at, index, body)
    SELECT 'custom:org:' || %(organization)s || '-' || s, n, n, %(newest)s - (%(head)s - n) * interval '1 second',
        '[["custom:note","dept_1","queue_1",2]]'::bytea, '{}'::bytea
    FROM generate_series(1, %(head)s) AS n, generate_series(1, %(streams)s) AS s
"""


def fill_tables(organization: str, rule: str, queues: int, rows: int, newest: datetime) -> int:
    """Fill and analyze them; return the newest seq of each stream."""
    head = rows // STREAMS
    given = {"organization": organization, "rule": rule, "queues": queues, "newest": newest, "head": head}
    given |= {"each": rows // queues, "tenth": rows // TENTH, "open": OPEN, "streams": STREAMS}
    tables = {name: f"INSERT INTO {name} {select} {_OF_QUEUES}" for name, select in FIGURES.items()}
    tables |= {"alerts_alert": ALERTS, "audit_auditentry": AUDIT, "realtime_segment": SEGMENTS}
    with connection.cursor() as cursor:
        cursor.execute(STREAM_ROWS, given)
        for table, insert in tables.items():
            cursor.execute(insert, given)
            TABLES[table] = cursor.rowcount
            cursor.execute(f"ANALYZE {table}")
        cursor.execute("ANALYZE org_scope")
    return head
