"""A KPI run over all queues of an organization: time on one core, and SQL statements.

python -m bench.kpis SIZE…        with DATABASE_URL, SECRET_KEY; prints {size: [seconds, statements]}
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


def filled(size: int) -> Organization:
    """It is filled once: by whichever bench needs it first."""
    return Organization.objects.filter(pk=f"org_kpi_{size}").first() or fill(size)


@transaction.atomic
def fill(size: int) -> Organization:
    """Queues of all sizes with a day of half hours: measured up to ten past noon, forecast to its end."""
    organization = create_organization(id=f"org_kpi_{size}", name="Bench")
    add_queues(organization, queues(size))
    scopes = list(Scope.objects.filter(organization=organization).exclude(queue_name=""))
    rng = random.Random(size)
    volumes = [rng.uniform(5, 400) for _ in scopes]
    QueueSettings.objects.bulk_create(
        [QueueSettings(scope=scope, opening_hours="Mon-Sun 00:00-24:00") for scope in scopes], batch_size=1_000
    )
    feeds = [IntervalFeed(scope=scope, as_of=NOON, cadence_seconds=30) for scope in scopes]
    IntervalFeed.objects.bulk_create(feeds, batch_size=1_000)
    for starts, rows in ((24 * 2, _forecasts), (25, _stats)):
        for begin in range(0, len(scopes), 1_000):
            some = list(zip(scopes, volumes, strict=True))[begin : begin + 1_000]
            model = ForecastInterval if rows is _forecasts else IntervalStats
            model.objects.bulk_create(
                [row for scope, volume in some for row in rows(scope, volume, starts, rng)], batch_size=5_000
            )
    return organization


def _forecasts(scope: Scope, volume: float, count: int, rng: random.Random) -> Iterator[ForecastInterval]:
    for start in _starts(count):
        yield ForecastInterval(
            scope=scope,
            start=start,
            end=start + HALF_HOUR,
            minutes=30,
            received_at=NOON,
            offered=round(volume * rng.uniform(0.8, 1.2), 1),
            aht_seconds=240,
        )


def _stats(scope: Scope, volume: float, count: int, rng: random.Random) -> Iterator[IntervalStats]:
    agents = int(volume * 240 / 1_800 / 0.8) + 2
    for start in _starts(count):
        offered = int(volume * rng.uniform(0.8, 1.2))
        yield IntervalStats(
            scope=scope,
            start=start,
            end=start + HALF_HOUR,
            minutes=30,
            as_of=min(NOON, start + HALF_HOUR),
            received_at=NOON,
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


def _starts(count: int) -> list[datetime]:
    midnight = NOON.replace(hour=0, minute=0)
    return [midnight + place * HALF_HOUR for place in range(count)]


def measure(size: int) -> tuple[float, int]:
    organization = filled(size)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    services.compute_all(organization_id=organization.pk, now=NOON)  # the first makes the current rows
    took = []
    for turn in range(1, RUNS + 1):
        started = time.perf_counter()
        services.compute_all(organization_id=organization.pk, now=NOON + timedelta(minutes=turn))
        took.append(time.perf_counter() - started)
    with CaptureQueriesContext(connection) as captured:
        services.compute_all(organization_id=organization.pk, now=NOON + timedelta(minutes=RUNS + 1))
    return median(took), len(captured)


if __name__ == "__main__":
    print(json.dumps({size: measure(int(size)) for size in sys.argv[1:]}))
