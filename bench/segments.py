"""The log's part of a write: 1000 events as one segment, beside a segment per event.

python -m bench.segments ROUNDS        with DATABASE_URL, REDIS_URL, SECRET_KEY; prints milliseconds
"""

import json
import os
import sys
import time
from collections.abc import Callable
from functools import partial
from statistics import median

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "intraday.settings")
django.setup()

from django.db import transaction  # noqa: E402  needs django.setup()

from bench import payload  # noqa: E402
from bench.contenders import OUR_ENVELOPE  # noqa: E402
from bench.publisher import BenchEvent  # noqa: E402
from bench.scopes import ORGANIZATION  # noqa: E402
from intraday.org.models import Scope  # noqa: E402
from realtime.eventlog.records import Draft  # noqa: E402
from realtime.eventlog.store import append  # noqa: E402
from realtime.protocol import messages  # noqa: E402
from realtime.publish import publish  # noqa: E402

EVENTS = 1000
BODY = payload.body(len(OUR_ENVELOPE))


def event(number: int) -> BenchEvent:
    return BenchEvent(stamp=time.time_ns(), n=number, **BODY)


@transaction.atomic
def as_segment(scope: Scope) -> None:
    publish("custom", [(scope, partial(event, n)) for n in range(EVENTS)])


@transaction.atomic
def as_rows(scope: Scope) -> None:
    """Append as a log without segments would: a row per event, in the same transaction."""
    for n in range(EVENTS):
        draft = Draft(BenchEvent.event, scope.department_id, scope.queue_name, messages.encode_payload(event(n)))
        append(organization_id=ORGANIZATION, channel="custom", drafts=[draft])


def milliseconds(write: Callable[[Scope], None], scope: Scope) -> float:
    started = time.perf_counter()
    write(scope)
    return (time.perf_counter() - started) * 1e3


def main(rounds: int) -> None:
    scope = Scope.objects.get(organization_id=ORGANIZATION, department_id="dept_0", queue_name="queue_0")
    as_segment(scope)
    as_rows(scope)
    pairs = [(milliseconds(as_segment, scope), milliseconds(as_rows, scope)) for _ in range(rounds)]
    segment, rows = zip(*pairs, strict=True)
    print(json.dumps({"segment_ms": median(segment), "rows_ms": median(rows)}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
