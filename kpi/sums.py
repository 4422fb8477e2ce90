"""What figures are made of: counts and seconds that add up from queues to departments and the organization.

Pure. A figure is always derived from sums, a queue's from its own: so the organization's totals are those of its
queues, and shares are the sum of numerators over the sum of denominators (DOMAIN 3.13).
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, Literal

from msgspec import Struct, structs

Quality = Literal["ok", "partial", "stale", "no_data"]


class Sums(Struct, array_like=True, kw_only=True):
    """None is unknown, and counts for nothing where others know. Shares are fractions, times seconds."""

    # the newest measured interval, so far
    offered: int | None = None
    answered: int | None = None
    abandoned: int | None = None
    in_target: float | None = None
    judged: float | None = None  # contacts that the service level is a share of
    wait_seconds: float | None = None
    waited: int | None = None  # answered, where their waits are known
    handled_seconds: float | None = None
    waiting_now: int | None = None
    forecast: float | None = None  # for that interval; where nothing is measured, for the running one
    compared: float | None = None  # offered, where there is a forecast
    forecast_so_far: float | None = None
    # the last quarter of an hour, or the interval
    handle_seconds: float | None = None
    ready_seconds: float | None = None
    productive_seconds: float | None = None
    paid_seconds: float | None = None
    agents_on_shift: int | None = None
    # heads
    required: int | None = None
    scheduled: int | None = None
    available: int | None = None
    gap: int | None = None
    gap_required: int | None = None  # required, where the gap is known
    # what the interval may become; weighted with the contacts expected
    at_risk: int | None = None  # queues
    expected: float | None = None
    expected_in_target: float | None = None
    target_in_target: float | None = None
    expected_waited: float | None = None
    expected_wait_seconds: float | None = None
    queue_end: float | None = None  # callers, or items of deferred work
    # the day
    day_in_target: float | None = None
    day_judged: float | None = None
    day_goal: float | None = None  # contacts to be in target by the end of the day, where its rest is forecast
    day_goal_judged: float | None = None
    day_goal_in_target: float | None = None
    day_rest: float | None = None
    # not sums
    longest_wait_seconds: float | None = None
    window_seconds: float | None = None
    risk: float | None = None
    unstable: bool | None = None
    volume_forecast: bool | None = None  # of the running interval
    required_method: str | None = None
    available_source: str | None = None
    risk_method: str | None = None
    target_seconds: float | None = None
    interval_start: datetime | None = None


def _same(values: Sequence[Any]) -> Any:
    """What all agree on."""
    return values[0] if len(set(values)) == 1 else None


_OTHERWISE: dict[str, Callable[[Sequence[Any]], Any]] = {
    **dict.fromkeys(("longest_wait_seconds", "window_seconds", "risk", "unstable", "volume_forecast"), max),
    **dict.fromkeys(("required_method", "available_source", "risk_method", "target_seconds", "interval_start"), _same),
}
_PROJECTED = (
    "expected",
    "expected_in_target",
    "target_in_target",
    "expected_waited",
    "expected_wait_seconds",
    "queue_end",
    "target_seconds",
)
_COMBINE: list[Callable[[Sequence[Any]], Any]] = [_OTHERWISE.get(name, sum) for name in Sums.__struct_fields__]


def total(parts: Iterable[Sums]) -> Sums:
    columns = zip(*map(structs.astuple, parts), strict=True)  # of no parts there are none
    known = ([value for value in column if value is not None] for column in columns)
    values = [combine(values) if values else None for combine, values in zip(_COMBINE, known, strict=False)]
    return Sums(**dict(zip(Sums.__struct_fields__, values, strict=False)))


class Part(Struct, array_like=True):
    """What a queue adds to the levels above it."""

    sums: Sums
    quality: Quality
    as_of: datetime | None
    fresh_until: datetime | None
    closed_until: datetime | None
    why: dict[str, str] = {}
    """Of a queue: why something is unknown, by the name of what is."""
    deferred: bool = False

    @property
    def idle(self) -> str:
        """Why there is nothing to tell again and again; empty where there is."""
        if self.closed_until is not None:
            return f"closed until {self.closed_until.isoformat()}"
        return "no data" if self.quality == "no_data" else ""


def roll_up(parts: Sequence[Part]) -> Part:
    """What a department or organization with these queues is like."""
    seen = [part for part in parts if part.quality != "no_data"]
    closings = [part.closed_until for part in seen]
    return Part(
        sums=_above(parts),
        quality=quality_of(seen),
        as_of=max((part.as_of for part in seen if part.as_of), default=None),
        fresh_until=max((part.fresh_until for part in seen if part.fresh_until), default=None),
        closed_until=min(closings) if seen and None not in closings else None,  # type: ignore[type-var]
    )


def _above(parts: Sequence[Part]) -> Sums:
    """Where callers and deferred work come together, what the interval may become is said of the callers alone: of
    seconds on the line and days in a mailbox there is no mean. Heads, volume and risk are of both."""
    whole = total(part.sums for part in parts)
    callers = [part.sums for part in parts if not part.deferred]
    if 0 < len(callers) < len(parts):
        of_callers = total(callers)
        for name in _PROJECTED:
            setattr(whole, name, getattr(of_callers, name))
    return whole


def quality_of(parts: Sequence[Part]) -> Quality:
    """Of queues that have data: all good, all stale, or something of both."""
    found = {part.quality for part in parts}
    if not found:
        return "no_data"
    return found.pop() if len(found) == 1 else "partial"
