"""The demo, loaded through the services: its organization, how its queues are run and judged, and a fixed hour.

`POST kpi/compute` for `support` as of WALK_THROUGH finds an hour of intervals, forecast, backlog and people before it.
These are of a fixed day, which the simulation never touches; loading them again changes nothing.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from django.db import transaction

import alerts.services
import attendance.services
import backlog.services
import kpi.services
from attendance.services import RecordRow, ShiftRow
from backlog.services import Row as BacklogRow
from intraday.ingest.posts import Post, Row
from intraday.org.demo import create_demo
from intraday.org.models import Organization, Scope
from intraday.simulator.profiles import INTERVAL, PROFILES, Profile, volume
from kpi.services import ForecastRow, IntervalRow

WALK_THROUGH = datetime(2026, 1, 31, 10, tzinfo=UTC)
SUPPORT: dict[str, Any] = {"department_id": "dept_456", "queue_name": "support"}
STEP = timedelta(seconds=INTERVAL)
AGENTS = 26
Fields = dict[str, Any]
R = TypeVar("R", bound=Row)
# The default rules wait for ten minutes; a simulated incident is over in four (intraday.simulator.profiles).
BURNING = {
    "name": "Burning",
    "alert_type": "sla_risk",
    "source": "kpi",
    "metric": "sla_risk.risk_score",
    "operator": ">=",
    "threshold": 85,
    "clear_threshold": 55,
    "for_seconds": 60,
    "severity": "critical",
}


@transaction.atomic
def load(*, now: datetime) -> Organization:
    """Safe to repeat; what somebody set for a queue in the meantime stays."""
    organization = create_demo()
    scopes = Scope.objects.filter(organization=organization).exclude(queue_name="")
    by_name = {(scope.department_id, scope.queue_name): scope for scope in scopes}
    for profile in PROFILES:
        kpi.services.configure(by_name[profile.department, profile.queue], _settings(profile), now=now)
    backlog.services.ingest(_post(organization, _backlog(), now))
    backlog.services.roll_up(organization_id=organization.pk, now=now)
    attendance.services.ingest_shifts(_post(organization, _shifts(), now))
    attendance.services.ingest(_post(organization, _records(), now))
    attendance.services.recount(organization_id=organization.pk, now=now)
    kpi.services.ingest_forecast(_post(organization, _forecast(), now))
    kpi.services.ingest(_post(organization, _intervals(), now))
    alerts.services.install_rules(organization=organization, now=now)
    alerts.services.install_rules(organization=organization, now=now, rules=[BURNING])
    return organization


def _post(organization: Organization, rows: Sequence[R], now: datetime) -> Post[R]:
    return Post(organization=organization, rows=dict(enumerate(rows)), now=now)


def _settings(profile: Profile) -> Fields:
    """Always open. Percent, as in the admin; a figure counts as stale after three cadences."""
    common = {"aht_seconds": profile.aht, "shrinkage": 15.0, "cadence_seconds": 20.0, "interval_minutes": 30}
    if profile.deferred:
        return {**common, "kind": "deferred", "sla_minutes": profile.target / 60}
    return {**common, "kind": "realtime", "target_service_level": 80.0, "target_seconds": profile.target}


def _backlog() -> list[BacklogRow]:
    """(minutes before, items, average and longest wait in minutes, over SLA, came, were served)"""
    told = (
        (60, 2, 0.15, 0.25, 0, 99, 98),
        (45, 3, 0.2, 0.4, 1, 101, 100),
        (30, 5, 0.3, 0.6, 2, 98, 96),
        (15, 3, 0.2, 0.3, 0, 103, 105),
    )
    return [
        BacklogRow(
            **SUPPORT,
            time=WALK_THROUGH - timedelta(minutes=before),
            total_items=items,
            average_wait_minutes=average,
            items_over_sla=over,
            items_at_risk=0,
            reported_added=came,
            reported_completed=served,
            oldest_age_minutes=longest,
        )
        for before, items, average, longest, over, came, served in told
    ]


def _shifts() -> list[ShiftRow]:
    start = WALK_THROUGH - timedelta(hours=3)
    return [
        ShiftRow(
            shift_id=f"walk-through-{number:02d}",
            **_person(number),
            queue_names=[SUPPORT["queue_name"]],
            start=start,
            end=start + timedelta(hours=8),
            kind="work",
        )
        for number in range(1, AGENTS + 2)
    ]


def _person(number: int) -> Fields:
    return {
        "employee_id": f"walk-through-{number:02d}",
        "employee_name": f"Agent {number:02d}",
        "department_id": SUPPORT["department_id"],
    }


def _records() -> list[RecordRow]:
    """The last one did not come, the one before her was late, the first one is on her break."""
    start = WALK_THROUGH - timedelta(hours=3)
    came = {number: start - timedelta(minutes=number % 7) for number in range(1, AGENTS)}
    came[AGENTS] = start + timedelta(minutes=18)
    records = [_record(number, "present", time, time) for number, time in came.items()]
    return [*records, _record(1, "on_break", WALK_THROUGH - timedelta(minutes=9), came[1])]


def _record(number: int, status: str, time: datetime, came: datetime) -> RecordRow:
    return RecordRow(**_person(number), status=status, time=time, checked_in_at=came)


def _interval(start: datetime) -> Fields:
    return {**SUPPORT, "start": start, "minutes": int(INTERVAL / 60)}


def _forecast() -> list[ForecastRow]:
    """Return forecast rows from the walk-through's hour to the end of the local day."""
    profile = PROFILES[0]
    starts = [WALK_THROUGH + place * STEP for place in range(-2, 26)]
    return [
        ForecastRow(
            **_interval(start),
            offered=round(profile.peak * share, 1),
            aht_seconds=profile.aht,
            scheduled_agents=round(profile.heads * share),
        )
        for start in starts
        for share in [volume(start.hour + 1 + start.minute / 60)]
    ]


def _intervals() -> list[IntervalRow]:
    first = IntervalRow(
        **_interval(WALK_THROUGH - 2 * STEP),
        as_of=WALK_THROUGH - STEP,
        offered=204,
        answered=198,
        answered_in_target=167,
        abandoned=5,
        abandoned_in_target=2,
        wait_seconds=2475.0,
        handle_seconds=35_900.0,
        available_seconds=9_100.0,
        other_productive_seconds=1_200.0,
        paid_seconds=46_800.0,
        agents=25,
    )
    second = replace(
        first,
        **_interval(WALK_THROUGH - STEP),
        as_of=WALK_THROUGH,
        offered=209,
        answered=203,
        answered_in_target=163,
        abandoned=6,
        abandoned_in_target=1,
        wait_seconds=3_350.0,
        handle_seconds=36_740.0,
        available_seconds=8_260.0,
        waiting_now=1,
        longest_wait_seconds=7.0,
        agents_available=3,
        agents_on_contact=18,
        agents_after_contact=4,
    )
    return [first, second]
