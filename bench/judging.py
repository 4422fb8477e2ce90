"""An alert run of 10 rules over all queues of an organization: time on one core, and SQL statements.

python -m bench.judging SIZE…        with DATABASE_URL, SECRET_KEY; prints {size: [seconds, CPU seconds,
statements, open alerts, rules times queues]}
"""

import json
import sys
import time
from datetime import datetime, timedelta
from statistics import median

from bench.kpis import NOON, RUNS, fill, post  # first: it sets Django up

# ruff: isort: split
from django.db import connection
from django.test.utils import CaptureQueriesContext

from alerts import rule_services, services
from alerts.evaluation.changes import Actor
from alerts.models import Alert
from intraday.org.models import Organization
from kpi.services import compute_all

METRICS = [
    ("utilization.occupancy", ">", 88),
    ("utilization.occupancy", "<", 60),
    ("headcount_gap.gap_percent", "<=", -10),
    ("headcount_gap.gap_percent", ">=", 20),
    ("sla_risk.risk_score", ">=", 65),
    ("sla_risk.risk_score", ">=", 85),
    ("health_score", "<", 40),
    ("service.service_level", "<", 70),
    ("service.abandon_rate", ">", 10),
    ("service.longest_wait_seconds", ">", 60),
]


def make_rules(organization: Organization) -> None:
    for number, (metric, operator, threshold) in enumerate(METRICS):
        said = {"source": "kpi", "metric": metric, "operator": operator, "threshold": threshold, "severity": "high"}
        rule_services.create_rule(
            organization=organization, fields={**said, "name": f"rule {number}"}, actor=Actor("bench"), now=NOON
        )


def measure(size: int) -> tuple[float, float, int, int, int]:
    """Each run has new figures of all queues to look at."""
    organization = fill(size, bench="alerts")
    make_rules(organization)
    took, worked = [], []
    for turn in range(RUNS + 1):
        now = _figures_of(organization, turn)
        started, worked_before = time.perf_counter(), time.process_time()
        services.evaluate(organization_id=organization.pk, now=now)
        took.append(time.perf_counter() - started)
        worked.append(time.process_time() - worked_before)
    now = _figures_of(organization, RUNS + 1)
    with CaptureQueriesContext(connection) as captured:
        services.evaluate(organization_id=organization.pk, now=now)
    still = Alert.objects.filter(organization=organization).exclude(status="resolved")
    return median(took[1:]), median(worked[1:]), len(captured), still.count(), size * len(METRICS)


def _figures_of(organization: Organization, turn: int) -> datetime:
    now = NOON + timedelta(minutes=turn)
    if turn:
        post(organization, now)
    compute_all(organization_id=organization.pk, now=now)
    return now


if __name__ == "__main__":
    print(json.dumps({size: measure(int(size)) for size in sys.argv[1:]}))
