"""The effect of an action as it was measured afterwards, beside what was predicted. Pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any

from msgspec import Meta, Struct
from msgspec.structs import replace

Timestamp = Annotated[datetime, Meta(tz=True)]
LOOKED_AT = timedelta(hours=2)
"""After the action. Later intervals say more of what came since."""
MOST = 3


class MeasuredInterval(Struct, frozen=True, kw_only=True):
    """An interval that ended after the action. Levels are 0-100; `predicted` and `without` are of the interval that the
    suggestion spoke of: its level with the action, and without it."""

    department_id: str | None
    queue_name: str
    start: Timestamp
    end: Timestamp
    service_level: float | None
    target_service_level: float
    predicted: float | None = None
    without: float | None = None


def measured(
    noted_at: datetime, predicted: Iterable[Mapping[str, Any]], intervals: Iterable[MeasuredInterval]
) -> list[MeasuredInterval]:
    """Return the first intervals of each queue that ended after the action, with the prediction where there is one."""
    told = {(each["department_id"], each["queue_name"], each["interval_end"]): each for each in predicted}
    found: list[MeasuredInterval] = []
    counts: dict[tuple[str | None, str], int] = {}
    for each in intervals:
        queue = each.department_id, each.queue_name
        if not noted_at < each.end <= noted_at + LOOKED_AT or counts.get(queue, 0) == MOST:
            continue
        counts[queue] = counts.get(queue, 0) + 1
        found.append(_beside(each, told.get((*queue, _spelled(each.end)))))
    return found


def _beside(each: MeasuredInterval, effect: Mapping[str, Any] | None) -> MeasuredInterval:
    if effect is None:
        return each
    return replace(each, predicted=effect["service_level_after"], without=effect["service_level_before"])


def _spelled(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")
