"""Publishes through the real door, in transactions on PostgreSQL, as told on standard input.

python -m bench.publisher        with DATABASE_URL, REDIS_URL, SECRET_KEY
"""

import os
import sys
import time
from functools import partial
from statistics import median
from typing import ClassVar

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "intraday.settings")
django.setup()

from django.db import transaction  # noqa: E402  needs django.setup()

from bench.pace import Command, answer, read_command, ticks  # noqa: E402
from intraday.org.models import Scope  # noqa: E402
from realtime.protocol.messages import Payload  # noqa: E402
from realtime.publish import publish  # noqa: E402


class BenchEvent(Payload, frozen=True, kw_only=True):
    event: ClassVar[str] = "bench:event"

    stamp: int
    n: int
    organization_id: str
    department_id: str
    queue_name: str
    timestamp: str
    utilization: float
    headcount_gap: int
    sla_risk: float
    health_score: float
    changes: dict[str, float]
    pad: str


def commit(scope: Scope, command: Command, numbers: range) -> None:
    stamp = time.time_ns()
    events = [(scope, partial(BenchEvent, stamp=stamp, n=n, **command.body)) for n in numbers]
    with transaction.atomic():
        publish("custom", events)


def obey(scope: Scope, command: Command) -> None:
    published = 0
    took = []
    for wait, numbers in ticks(command):
        time.sleep(wait)
        if numbers:
            started = time.perf_counter()
            commit(scope, command, numbers)
            took.append(time.perf_counter() - started)
            published += len(numbers)
    answer(published=published, publish_ms=median(took or [0.0]) * 1e3)


def main() -> None:
    scope = Scope.objects.get(organization_id="org_bench", department_id="dept_0", queue_name="queue_0")
    for line in sys.stdin:
        obey(scope, read_command(line))


if __name__ == "__main__":
    main()
