"""The intervals of a local day: forecast, reforecast and actual contacts, heads required, scheduled, there. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple

from msgspec import Struct, structs

from intraday.values.rounding import half_up, percent, ratio
from kpi import formulas
from kpi.day.backlog_plan import planned_agents
from kpi.day.schedule import Cell, scheduled_heads
from kpi.pipeline.demand import required
from kpi.pipeline.heads import planned_heads
from kpi.pipeline.inputs import Backlog, Expected, Interval, Key, Rules, WorkSpan
from kpi.pipeline.measured import judged
from kpi.pipeline.spans import expected_between
from kpi.pipeline.totals import Totals, add, of_callers
from kpi.pipeline.workload import MAX_ERLANGS

Phase = Literal["past", "now", "to_come"]


class GridInterval(Struct, frozen=True, kw_only=True):
    """One interval. The one that runs has the heads and the service level of the live figure. `gap` is against those
    who were or are there; to come, against those scheduled at work. `suspect`: a drop in volume touches it. `as_of`:
    when the contacts of the one that runs were measured; None of the others."""

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
    suspect: bool = False
    as_of: datetime | None = None


class Live(NamedTuple):
    """The live figure of the scope, as far as the grid shows it; `start` is that of its running interval,
    `measured_start` that of its newest measured one. `as_of` is when its contacts were measured.
    `one_length`: its intervals are as long as the rows."""

    start: datetime | None
    expected: float | None
    required: int | None
    scheduled: int | None
    available: int | None
    gap: int | None
    measured_start: datetime | None
    service_level: float | None
    offered: int | None
    answered: int | None
    abandoned: int | None
    as_of: datetime | None
    one_length: bool


@dataclass(frozen=True, slots=True)
class QueueDay:
    """A queue's day: measured and forecast intervals in order of time, and the backlog of deferred work now."""

    key: Key
    rules: Rules
    measured: Sequence[Interval]
    expected: Sequence[Expected]
    backlog: Backlog | None = None


@dataclass(frozen=True, slots=True)
class Day:
    """A scope's day. `there` holds (instant, heads at work) of its past figures, in order; `drops` are times. `beside`
    are queues outside the scope that share people with those inside."""

    queues: Sequence[QueueDay]
    beside: Sequence[QueueDay] = ()
    spans: Sequence[WorkSpan] = ()
    day_ratio: float = 1.0
    there: Sequence[tuple[datetime, int]] = ()
    drops: Sequence[tuple[datetime, datetime | None]] = ()
    live: Live | None = None


def cells(begin: datetime, end: datetime, *, minutes: int, now: datetime) -> list[Cell]:
    """Return the cells of a day from local midnight to midnight: 23 to 25 hours."""
    step = timedelta(minutes=minutes)
    found, start = [], begin
    while start < end:
        until = min(start + step, end)
        phase: Phase = "past" if until <= now else "now" if start <= now else "to_come"
        found.append(Cell(start, until, phase))
        start = until
    return found


def day_intervals(day: Day, of: Sequence[Cell]) -> list[GridInterval]:
    """The sums over these queues, cell by cell."""
    sharing = [*day.queues, *day.beside]
    columns = [_column(each, of, day.day_ratio) for each in sharing]
    plans = scheduled_heads(day.spans, of, [_needs(sharing, columns, place) for place in range(len(of))])
    columns = columns[: len(day.queues)]
    return [_row(day, cell, [column[place] for column in columns], plans[place]) for place, cell in enumerate(of)]


class _Entry(NamedTuple):
    """A queue in one cell: its totals, and the contacts that are expected of a cell that is not over."""

    totals: Totals
    reforecast: float | None
    rules: Rules


def _column(day: QueueDay, of: Sequence[Cell], day_ratio: float) -> list[_Entry]:
    backlog = planned_agents(day.backlog, day.expected, day.rules, of) if day.rules.deferred else {}
    own_ratio = 1.0 if day.rules.deferred else day_ratio
    return [_entry(day, cell, own_ratio, backlog.get(cell.start)) for cell in of]


def _entry(day: QueueDay, cell: Cell, own_ratio: float, workload: int | None) -> _Entry:
    expected = expected_between(day.expected, cell.start, cell.end)
    rows = [row for row in day.measured if cell.start <= row.start < cell.end]
    totals = add(measured_totals(row, day.rules) for row in rows) if rows else Totals()
    coming = None if expected is None or cell.phase == "past" else expected.offered * own_ratio
    calls = coming if cell.phase != "past" else totals.offered
    return _Entry(
        structs.replace(
            totals,
            forecast=None if expected is None else expected.offered,
            scheduled=planned_heads(expected, day.rules),
            available=max(row.agents for row in rows) if rows else None,
            required=_required(day.rules, cell, calls, totals, expected, workload),
        ),
        coming,
        day.rules,
    )


def measured_totals(row: Interval, rules: Rules) -> Totals:
    """A closed interval holds decided contacts alone."""
    met, counted = (None, None) if rules.deferred else judged(row, rules)
    wait_seconds = None if rules.deferred else row.wait_seconds
    busy = row.handle_seconds / rules.concurrency
    return Totals(
        offered=row.offered,
        answered=row.answered,
        abandoned=row.abandoned,
        in_target=met,
        judged=counted,
        wait_seconds=wait_seconds,
        waited=None if wait_seconds is None else row.answered,
        contact_seconds=row.handle_seconds,
        handle_seconds=busy,
        ready_seconds=busy + row.available_seconds,
    )


def _required(
    rules: Rules,
    cell: Cell,
    calls: float | None,
    totals: Totals,
    expected: Expected | None,
    workload: int | None,
) -> int | None:
    if expected is not None and expected.required_agents is not None:
        return expected.required_agents
    if workload is not None:
        return workload
    planned = None if expected is None or not expected.offered else expected.aht_seconds
    aht = formulas.aht_seconds(
        handle_seconds=totals.contact_seconds or 0.0,
        handled=totals.answered or 0,
        forecast_aht_seconds=planned or rules.aht_seconds,
    )
    if calls is None or not aht or calls * aht > MAX_ERLANGS * cell.seconds:
        return None
    if rules.deferred:
        return formulas.burn_down_agents(
            backlog=0.0,
            periods=1.0,
            inflow=calls,
            aht_seconds=aht,
            productive_seconds=cell.seconds * rules.max_occupancy,
        )
    return required(rules, cell.seconds, calls, aht)[0]


# --- rows ------------------------------------------------------------------------------------------------------------
def _needs(days: Sequence[QueueDay], columns: Sequence[Sequence[_Entry]], place: int) -> dict[Key, tuple[int, Rules]]:
    return {day.key: (column[place].totals.required or 0, day.rules) for day, column in zip(days, columns, strict=True)}


def _row(day: Day, cell: Cell, entries: Sequence[_Entry], plan: Mapping[Key, int]) -> GridInterval:
    totals = [
        entry.totals
        if entry.totals.scheduled is not None
        else structs.replace(entry.totals, scheduled=plan.get(each.key))
        for each, entry in zip(day.queues, entries, strict=True)
    ]
    later = [entry.rules.deferred for entry in entries]
    whole = of_callers(totals, later)
    contacts = [entry.reforecast for entry in entries if entry.reforecast is not None and _counts(entry, later)]
    required, scheduled, available, gap = _heads(day, cell, whole)
    row = GridInterval(
        start=cell.start,
        end=cell.end,
        state=cell.phase,
        forecast=half_up(whole.forecast),
        reforecast=half_up(sum(contacts)) if contacts else None,
        offered=whole.offered,
        answered=whole.answered,
        abandoned=whole.abandoned,
        required=required,
        scheduled=scheduled,
        available=available,
        gap=gap,
        service_level=percent(ratio(whole.in_target, whole.judged)),
        asa_seconds=half_up(ratio(whole.wait_seconds, whole.waited)),
        aht_seconds=half_up(ratio(whole.contact_seconds, whole.answered)),
        occupancy=percent(ratio(whole.handle_seconds, whole.ready_seconds)),
        suspect=any(since < cell.end and (until is None or until > cell.start) for since, until in day.drops)
        and cell.phase != "to_come",
    )
    return row if day.live is None or cell.phase != "now" else _as_live(row, day.live)


def _as_live(row: GridInterval, live: Live) -> GridInterval:
    """Give the running interval the values of the tile."""
    found: dict[str, Any] = {}
    if live.measured_start == row.start:
        found |= {"service_level": live.service_level, "as_of": live.as_of}
        if live.one_length:
            found |= {"offered": live.offered, "answered": live.answered, "abandoned": live.abandoned}
    if live.one_length and live.start == row.start and live.expected is not None:
        found["reforecast"] = live.expected
    return structs.replace(row, **found)


def _counts(entry: _Entry, later: Sequence[bool]) -> bool:
    return not entry.rules.deferred or all(later)


def _heads(day: Day, cell: Cell, whole: Totals) -> tuple[int | None, int | None, int | None, int | None]:
    """Required, scheduled, available and the gap. Now they are those of the live figure; heads of the past are those
    of the scope's own figures then, each person once."""
    live = day.live
    if cell.phase == "now" and live is not None and live.start is not None and cell.start <= live.start < cell.end:
        return live.required, live.scheduled, live.available, live.gap
    available = None
    if cell.phase != "to_come":
        available = _last([heads for time, heads in day.there if cell.start < time <= cell.end], whole.available)
    there = whole.scheduled if cell.phase == "to_come" else available
    gap = there - whole.required if there is not None and whole.required is not None else None
    return whole.required, whole.scheduled, available, gap


def _last(values: Sequence[int], otherwise: int | None) -> int | None:
    return values[-1] if values else otherwise


def lengths(days: Iterable[QueueDay]) -> set[int]:
    """The lengths of interval that occur, in minutes."""
    rows = (row for day in days for rows in (day.measured, day.expected) for row in rows)
    return {(row.end - row.start) // timedelta(minutes=1) for row in rows}
