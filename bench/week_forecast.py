"""A forecast for a recorded week that has none: for each half hour the median of the other working days.

One day that was out of the ordinary does not move a median; the day itself is left out, so it cannot excuse itself.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from datetime import date, datetime, time, timedelta
from statistics import fmean, median
from typing import Any
from zoneinfo import ZoneInfo

from intraday.replay.adapters.acd_simulation import Call

WORKING_DAYS = (6, 0, 1, 2, 3)  # Sunday to Thursday
OPENS, HALF_HOURS = 7, 34  # from seven to midnight


def typical(
    calls: Collection[Call], queues: Iterable[str], zone: ZoneInfo, asked: dict[str, str]
) -> Iterator[dict[str, Any]]:
    """Yield rows of forecasts for the working days; `asked` names organization and department."""
    days = sorted({call.day for call in calls if call.day.weekday() in WORKING_DAYS})
    counts = Counter((call.queue, _half_hour(call.came.astimezone(zone))) for call in calls)
    aht = fmean(call.talked.total_seconds() for call in calls if call.answered is not None)
    for queue in queues:
        for day in days:
            for number in range(HALF_HOURS):
                others = [counts[queue, _start(other, number)] for other in days if other != day]
                yield {
                    **asked,
                    "queue_name": queue,
                    "interval_start": _start(day, number).replace(tzinfo=zone).isoformat(),
                    "interval_minutes": 30,
                    "offered": median(others),
                    "aht_seconds": round(aht),
                }


def _start(day: date, number: int) -> datetime:
    return datetime.combine(day, time(OPENS)) + timedelta(minutes=30 * number)


def _half_hour(local: datetime) -> datetime:
    return local.replace(minute=local.minute // 30 * 30, second=0, microsecond=0, tzinfo=None)
