"""Two bars for a week of alerts: people are not notified too often, and no bad half hour passes without an alert."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from intraday.org.models import Organization
from kpi.models import IntervalStats

Alert = dict[str, Any]
AT_MOST_NOTIFIED = 3
LEAST_OFFERED, LEAST_LEVEL = 8, 0.6
ONE_POSTING = timedelta(minutes=5)


def often_notified(alerts: Collection[Alert], queues: Collection[str]) -> list[tuple[str, str, int]]:
    """Return the days and queues of which people were notified more often than that."""
    counts = Counter((f"{each['first']:%Y-%m-%d}", each["place"]) for each in alerts if each["notified"])
    return sorted(
        (day, place, count) for (day, place), count in counts.items() if place in queues and count > AT_MOST_NOTIFIED
    )


def unnoticed(
    organization: Organization, alerts: Sequence[Alert], zone: ZoneInfo
) -> Iterator[tuple[str, str, int, int]]:
    """Yield day and time, queue, offered and level of bad half hours without an open alert of the queue or its
    department, up to one posting after their end."""
    rows = IntervalStats.objects.filter(scope__organization=organization, offered__gte=LEAST_OFFERED)
    for row in rows.exclude(scope__queue_name="").select_related("scope").order_by("start"):
        level = row.answered_in_target / max(row.offered, row.answered + row.abandoned)
        places = {row.scope.queue_name, row.scope.department_id}
        until = row.end + ONE_POSTING
        heard = any(each["place"] in places and each["first"] <= until and each["last"] > row.start for each in alerts)
        if level < LEAST_LEVEL and not heard:
            yield f"{row.start.astimezone(zone):%Y-%m-%d %H:%M}", row.scope.queue_name, row.offered, round(100 * level)


def lines(
    organization: Organization, alerts: Sequence[Alert], queues: Collection[str], zone: ZoneInfo, days: int
) -> str:
    """Both bars in words."""
    often = often_notified(alerts, queues)
    missed = list(unnoticed(organization, alerts, zone))
    total = len(queues) * days
    told = f"At most {AT_MOST_NOTIFIED} alerts told: {total - len(often)} of {total} days of a queue"
    bad = f"Half hours of {LEAST_OFFERED} contacts or more, under 60 % in target, without an open alert: {len(missed)}"
    return "\n".join(
        [
            told + "".join(f"; {day} {queue} {count}" for day, queue, count in often) + ".",
            bad
            + "".join(f"; {at} {queue} ({offered} offered, {level} %)" for at, queue, offered, level in missed)
            + ".",
        ]
    )
