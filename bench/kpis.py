"""A KPI run over all queues of an organization: time on one core, and SQL statements.

python -m bench.kpis SIZE…        with DATABASE_URL, SECRET_KEY; prints {size: [seconds, CPU seconds, statements,
seconds of a run over new facts of five queues]}
"""

import json
import os
import random
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from statistics import median

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "intraday.settings")
django.setup()

from django.db import connection, transaction  # noqa: E402  needs django.setup()
from django.test.utils import CaptureQueriesContext  # noqa: E402

from bench.scopes import queues  # noqa: E402
from intraday.org.models import Organization, Scope  # noqa: E402
from intraday.org.services import add_queues, create_organization  # noqa: E402
from kpi import services  # noqa: E402
from kpi.models import ForecastInterval, IntervalFeed, IntervalStats, QueueSettings  # noqa: E402

NOON = datetime(2026, 1, 31, 12, 10, tzinfo=UTC)
HALF_HOUR = timedelta(minutes=30)
RUNS = 3
DIRTY = 5
HOUR, MINUTE = 60, timedelta(minutes=1)


@transaction.atomic
def fill(size: int, *, bench: str, noon: datetime = NOON) -> Organization:
    """Queues of all sizes with a day of half hours: measured up to ten past noon, forecast to its end."""
    organization = create_organization(id=f"org_{bench}_{size}", name="Bench")
    add_queues(organization, queues(size))
    scopes = list(Scope.objects.filter(organization=organization).exclude(queue_name=""))
    rng = random.Random(size)
    volumes = [rng.uniform(5, 400) for _ in scopes]
    QueueSettings.objects.bulk_create(
        [QueueSettings(scope=scope, opening_hours="Mon-Sun 00:00-24:00") for scope in scopes], batch_size=1_000
    )
    samples = _samples(noon)
    feeds = [IntervalFeed(scope=scope, as_of=noon, cadence_seconds=30, samples=samples) for scope in scopes]
    IntervalFeed.objects.bulk_create(feeds, batch_size=1_000)
    midnight = noon.replace(hour=0, minute=0, second=0, microsecond=0)
    measured = (noon - midnight) // HALF_HOUR + 1
    for starts, rows in ((24 * 2, _forecasts), (measured, _stats)):
        for begin in range(0, len(scopes), 1_000):
            some = list(zip(scopes, volumes, strict=True))[begin : begin + 1_000]
            model = ForecastInterval if rows is _forecasts else IntervalStats
            model.objects.bulk_create(
                [row for scope, volume in some for row in rows(scope, volume, starts, rng, noon)], batch_size=5_000
            )
    return organization


def _samples(noon: datetime) -> list[tuple[float, float, int]]:
    """Return what a feed that posts every half minute leaves of an hour: a count for each minute."""
    start = noon - (noon - datetime.min.replace(tzinfo=UTC)) % HALF_HOUR
    times = [noon - timedelta(minutes=ago) for ago in range(HOUR, 0, -1)]
    return [
        (time.timestamp(), (time - (time - start) % HALF_HOUR).timestamp(), (time - start) % HALF_HOUR // MINUTE)
        for time in times
    ]


def _forecasts(
    scope: Scope, volume: float, count: int, rng: random.Random, noon: datetime
) -> Iterator[ForecastInterval]:
    for start in _starts(count, noon):
        yield ForecastInterval(
            scope=scope,
            start=start,
            end=start + HALF_HOUR,
            minutes=30,
            received_at=noon,
            offered=round(volume * rng.uniform(0.8, 1.2), 1),
            aht_seconds=240,
        )


def _stats(scope: Scope, volume: float, count: int, rng: random.Random, noon: datetime) -> Iterator[IntervalStats]:
    agents = int(volume * 240 / 1_800 / 0.8) + 2
    for start in _starts(count, noon):
        offered = int(volume * rng.uniform(0.8, 1.2))
        yield IntervalStats(
            scope=scope,
            start=start,
            end=start + HALF_HOUR,
            minutes=30,
            as_of=min(noon, start + HALF_HOUR),
            received_at=noon,
            offered=offered,
            answered=offered,
            answered_in_target=int(offered * 0.8),
            abandoned=offered // 20,
            wait_seconds=offered * 15.0,
            handle_seconds=offered * rng.uniform(200, 280),
            available_seconds=agents * 400.0,
            paid_seconds=agents * 1_800.0,
            agents=agents,
            waiting_now=rng.randrange(5),
        )


_POSTED = """
UPDATE kpi_intervalstats i SET as_of = %(now)s, received_at = %(now)s, offered = offered + more,
    answered = answered + more, answered_in_target = answered_in_target + more * %(hit)s / 10,
    handle_seconds = handle_seconds + more * (180 + i.id %% 90), agents = greatest(1, agents + more %% 3 - 1),
    waiting_now = more %% 5, available_seconds = available_seconds + 20 * agents
FROM (
    SELECT i.id, (i.id * 7919 + %(minute)s * 104729) %% (1 + i.offered / 20) AS more
    FROM kpi_intervalstats i JOIN org_scope s ON s.id = i.scope_id
    WHERE s.organization_id = %(organization)s AND i.start <= %(now)s AND i."end" > %(now)s
) posted WHERE posted.id = i.id
"""
_HEARD = """
UPDATE kpi_intervalfeed f SET as_of = %(now)s, samples = samples || jsonb_build_array(jsonb_build_array(
    extract(epoch FROM %(now)s::timestamptz), extract(epoch FROM i.start), i.offered))
FROM kpi_intervalstats i JOIN org_scope s ON s.id = i.scope_id
WHERE i.scope_id = f.scope_id AND s.organization_id = %(organization)s AND i.start <= %(now)s AND i."end" > %(now)s
"""


def post(organization: Organization, now: datetime) -> None:
    """Post the running interval of every queue again: a minute later contacts, agents and waits are others."""
    minute = now.minute
    said = {"organization": organization.pk, "now": now, "minute": minute, "hit": minute % 4 + 6}
    with connection.cursor() as cursor:
        cursor.execute(_POSTED, said)
        cursor.execute(_HEARD, said)


def _starts(count: int, noon: datetime) -> list[datetime]:
    midnight = noon.replace(hour=0, minute=0, second=0, microsecond=0)
    return [midnight + place * HALF_HOUR for place in range(count)]


def measure(size: int) -> tuple[float, float, int, float]:
    """Wall and CPU seconds, SQL statements, and seconds of a run over five queues with new facts."""
    organization = fill(size, bench="kpi")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    services.compute_all(organization_id=organization.pk, now=NOON)  # the first makes the current rows
    took, worked = [], []
    for turn in range(1, RUNS + 1):
        now = NOON + timedelta(minutes=turn)
        post(organization, now)
        started, worked_before = time.perf_counter(), time.process_time()
        services.compute_all(organization_id=organization.pk, now=now)
        took.append(time.perf_counter() - started)
        worked.append(time.process_time() - worked_before)
    now += timedelta(minutes=1)
    post(organization, now)
    with CaptureQueriesContext(connection) as captured:
        services.compute_all(organization_id=organization.pk, now=now)
    return median(took), median(worked), len(captured), _dirty_seconds(organization, now)


def _dirty_seconds(organization: Organization, now: datetime) -> float:
    scopes = list(Scope.objects.filter(organization=organization).exclude(queue_name="")[:DIRTY])
    took = []
    for turn in range(1, RUNS + 1):
        started = time.perf_counter()
        then = now + timedelta(seconds=5 * turn)
        services.compute_touched(organization_id=organization.pk, scopes=scopes, now=then)
        took.append(time.perf_counter() - started)
    return median(took)


if __name__ == "__main__":
    print(json.dumps({size: measure(int(size)) for size in sys.argv[1:]}))
