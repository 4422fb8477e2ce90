"""The intervals of a local day: what was forecast, what came, who was needed and there. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from msgspec import Struct

from intraday.rounding import half_up
from kpi import formulas
from kpi.compute import judged
from kpi.edge import percent, ratio
from kpi.known import Expected, Interval, Rules
from kpi.staffing import MAX_ERLANGS, required
from kpi.sums import Sums, total

Phase = Literal["past", "now", "to_come"]


class GridInterval(Struct, frozen=True, kw_only=True):
    """One interval. `gap` is against those who were or are there; to come, against those scheduled."""

    start: datetime
    end: datetime
    state: Phase
    forecast: float | None
    reforecast: float | None
    offered: int | None
    answered: int | None
    abandoned: int | None
    required: int | None
    scheduled: int | None
    available: int | None
    gap: int | None
    service_level: float | None
    asa_seconds: float | None
    aht_seconds: float | None
    occupancy: float | None


class Cell(NamedTuple):
    start: datetime
    end: datetime
    phase: Phase

    @property
    def seconds(self) -> float:
        return (self.end - self.start).total_seconds()


@dataclass(frozen=True, slots=True)
class QueueDay:
    """A queue's day as it is known: measured and forecast intervals, and when people are on shift for it."""

    rules: Rules
    measured: Sequence[Interval]
    expected: Sequence[Expected]
    shifts: Sequence[tuple[datetime, datetime]] = ()


def cells(begin: datetime, end: datetime, *, minutes: int, now: datetime) -> list[Cell]:
    """From local midnight to midnight: 23 to 25 hours."""
    step = timedelta(minutes=minutes)
    found, start = [], begin
    while start < end:
        until = min(start + step, end)
        phase: Phase = "past" if until <= now else "now" if start <= now else "to_come"
        found.append(Cell(start, until, phase))
        start = until
    return found


def grid(days: Sequence[QueueDay], of: Sequence[Cell]) -> list[GridInterval]:
    """The sums over these queues, cell by cell."""
    columns = [list(_cells_of(day, of)) for day in days]
    return [
        _interval(cell, total(sums for _, sums in column), [more for more, _ in column if more is not None])
        for cell, column in zip(of, zip(*columns, strict=True) if columns else ((),) * len(of), strict=True)
    ]


Told = tuple[float | None, Sums]
"""The corrected forecast of a cell, and its sums."""


def _cells_of(day: QueueDay, of: Sequence[Cell]) -> Iterator[Told]:
    measured, expected = _by_cell(day.measured, of), _by_cell(day.expected, of)
    corrected = _ratio(measured, expected, of)
    for cell in of:
        sums = _sums(day, cell, measured.get(cell.start, []), expected.get(cell.start, []), corrected)
        coming = cell.phase != "past" and sums.forecast is not None
        yield (sums.forecast or 0.0) * corrected if coming else None, sums


def _by_cell(rows: Sequence[Interval] | Sequence[Expected], of: Sequence[Cell]) -> dict[datetime, list]:
    """No row is longer than a cell, so each lies in the cell in which it begins."""
    found: dict[datetime, list] = {}
    begin, step = of[0].start, of[0].end - of[0].start
    for row in rows:
        found.setdefault(begin + (row.start - begin) // step * step, []).append(row)
    return found


def _ratio(measured: Mapping[datetime, list], expected: Mapping[datetime, list], of: Sequence[Cell]) -> float:
    compared = [cell.start for cell in of if cell.phase == "past" and cell.start in measured and cell.start in expected]
    return formulas.reforecast_ratio(
        actual=sum(row.offered for start in compared for row in measured[start]),
        forecast=sum(row.offered for start in compared for row in expected[start]),
    )


def _sums(
    day: QueueDay, cell: Cell, measured: Sequence[Interval], expected: Sequence[Expected], corrected: float
) -> Sums:
    parts = [_measured(row, day.rules) for row in measured] or [Sums()]
    sums = parts[0] if len(parts) == 1 else total(parts)
    if expected:
        sums.forecast = sum(row.offered for row in expected)
    _put_heads(sums, day, cell, measured, expected)
    calls: float | None = sums.offered if cell.phase == "past" else None
    if calls is None and sums.forecast is not None:
        calls = sums.forecast * corrected
    _put_required(sums, day.rules, cell, calls, expected)
    there = sums.scheduled if cell.phase == "to_come" else sums.available
    if sums.required is not None and there is not None:
        sums.gap = there - sums.required
    return sums


def _measured(row: Interval, rules: Rules) -> Sums:
    met, counted = (None, None) if rules.deferred else judged(row, rules)
    wait_seconds = None if rules.deferred else row.wait_seconds
    return Sums(
        offered=row.offered,
        answered=row.answered,
        abandoned=row.abandoned,
        in_target=met,
        judged=counted,
        wait_seconds=wait_seconds,
        waited=None if wait_seconds is None else row.answered,
        handled_seconds=row.handle_seconds,
        handle_seconds=row.handle_seconds,
        ready_seconds=row.handle_seconds + row.available_seconds,
    )


def _put_heads(
    sums: Sums, day: QueueDay, cell: Cell, measured: Sequence[Interval], expected: Sequence[Expected]
) -> None:
    planned = [row.scheduled_agents for row in expected if row.scheduled_agents is not None]
    if planned:
        sums.scheduled = max(planned)
    elif day.shifts:
        sums.scheduled = int(_shift_seconds(day, cell) / cell.seconds + 0.5)
    if measured:
        sums.available = max(row.agents for row in measured)


def _shift_seconds(day: QueueDay, cell: Cell) -> float:
    """Of all heads together."""
    spans = (min(end, cell.end) - max(start, cell.start) for start, end in day.shifts)
    return sum(max(0.0, span.total_seconds()) for span in spans)


def _put_required(sums: Sums, rules: Rules, cell: Cell, calls: float | None, expected: Sequence[Expected]) -> None:
    planned = [row.required_agents for row in expected if row.required_agents is not None]
    aht = _aht_seconds(sums, rules, expected)
    if planned:
        sums.required = max(planned)
    elif calls is not None and aht and calls * aht <= MAX_ERLANGS * cell.seconds:
        sums.required = _required(rules, cell.seconds, calls, aht)


def _aht_seconds(sums: Sums, rules: Rules, expected: Sequence[Expected]) -> float | None:
    calls = sum(row.offered for row in expected)
    planned = sum(row.aht_seconds * row.offered for row in expected) / calls if calls else None
    return formulas.aht_seconds(
        handle_seconds=sums.handled_seconds or 0.0,
        handled=sums.answered or 0,
        forecast_aht_seconds=planned or rules.aht_seconds,
    )


def _required(rules: Rules, seconds: float, calls: float, aht_seconds: float) -> int:
    if rules.deferred:
        return formulas.burn_down_agents(
            backlog=0.0,
            periods=1.0,
            inflow=calls,
            aht_seconds=aht_seconds,
            productive_seconds=seconds * rules.max_occupancy * rules.concurrency,
        )
    return required(rules, interval_seconds=seconds, calls=calls, aht_seconds=aht_seconds)[0]


def _interval(cell: Cell, sums: Sums, corrected: Sequence[float]) -> GridInterval:
    return GridInterval(
        start=cell.start,
        end=cell.end,
        state=cell.phase,
        forecast=half_up(sums.forecast),
        reforecast=half_up(sum(corrected)) if corrected else None,
        offered=sums.offered,
        answered=sums.answered,
        abandoned=sums.abandoned,
        required=sums.required,
        scheduled=sums.scheduled,
        available=sums.available,
        gap=sums.gap,
        service_level=percent(ratio(sums.in_target, sums.judged)),
        asa_seconds=half_up(ratio(sums.wait_seconds, sums.waited)),
        aht_seconds=half_up(ratio(sums.handled_seconds, sums.answered)),
        occupancy=percent(ratio(sums.handle_seconds, sums.ready_seconds)),
    )
