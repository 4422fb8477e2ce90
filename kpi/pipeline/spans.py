"""Rows of a queue over time: the finest of overlapping lengths, and forecasts cut to an interval. Pure."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from kpi.formulas import Span, finest
from kpi.pipeline.inputs import Expected, Interval


class Row(Protocol):
    @property
    def start(self) -> datetime: ...
    @property
    def end(self) -> datetime: ...


R = TypeVar("R", bound=Row)


def without_overlaps(rows: Sequence[R]) -> list[R]:
    """Drop the rows that a finer one overlaps: an hour and its quarters are one or the other, never both."""
    if len({row.end - row.start for row in rows}) <= 1:
        return list(rows)
    kept = {(span.start, span.end) for span in finest([Span(*_seconds(row), 0.0) for row in rows])}
    return [row for row in rows if _seconds(row) in kept]


def _seconds(row: Row) -> tuple[float, float]:
    return row.start.timestamp(), row.end.timestamp()


def offered_spans(rows: Sequence[Interval]) -> list[Span]:
    """The offered contacts of each row, over the time for which it was measured."""
    return [
        Span(row.start.timestamp(), row.measured_until.timestamp(), float(row.offered), _length(row)) for row in rows
    ]


def forecast_spans(rows: Sequence[Expected]) -> list[Span]:
    return [Span(*_seconds(row), row.offered) for row in rows]


def expected_between(forecasts: Sequence[Expected], start: datetime, end: datetime) -> Expected | None:
    """The forecast of a time, pro rata from those that overlap it, whatever their lengths; None where none does.

    A time that is covered in part is expected to go on at the same rate.
    """
    parts = [(row, overlap) for row in forecasts if (overlap := _overlap(row, start, end)) > 0]
    if not parts:
        return None
    calls = sum(row.offered * overlap / _length(row) for row, overlap in parts)
    covered = sum(overlap for _, overlap in parts)
    weights = [row.offered * overlap / _length(row) if calls else overlap for row, overlap in parts]
    return Expected(
        start,
        end,
        calls * (end - start).total_seconds() / covered,
        sum(weight * row.aht_seconds for weight, (row, _) in zip(weights, parts, strict=True)) / sum(weights),
        _most([row.required_agents for row, _ in parts]),
        _most([row.scheduled_agents for row, _ in parts]),
    )


def _overlap(row: Row, start: datetime, end: datetime) -> float:
    return (min(row.end, end) - max(row.start, start)).total_seconds()


def _length(row: Row) -> float:
    return (row.end - row.start).total_seconds()


def _most(values: Sequence[int | None]) -> int | None:
    return max((value for value in values if value is not None), default=None)
