"""Turn the inputs of an organization's queues into the parts of these queues and the levels above. Pure.

Queues depend on each other: the day's run is that of all of them, people are shared among them, and a drop in volume
may show in a department alone.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import chain
from typing import TypeVar

import structlog

from intraday.values.once import Once
from kpi import formulas, hours
from kpi.formulas import Judgement, Trailing
from kpi.pipeline.demand import Demand, demand_of
from kpi.pipeline.heads import Heads, counted_by_acd, level_heads, planned_heads, queue_heads
from kpi.pipeline.inputs import Drop, Key, QueueInputs, Surroundings
from kpi.pipeline.measured import Measured, measure
from kpi.pipeline.part import Part, part_of, roll_up
from kpi.pipeline.prospects import ComingIntervals, coming_intervals, questions_of
from kpi.pipeline.queue_totals import totals_of
from kpi.pipeline.spans import forecast_spans, offered_spans
from kpi.pipeline.totals import Totals

log = structlog.get_logger(__name__)
T = TypeVar("T")
R = TypeVar("R")
NOBODY = Heads()
_logged = Once()
TOGETHER = 1_000
"""Queues that are worked out together."""
HAIR = 1e-6
"""Contacts. Fewer are what is left of sums that are equal but for rounding."""


@dataclass(frozen=True, slots=True)
class Worked:
    """`queues` are those of the inputs, `levels` the departments and the organization, `drops` those that last now.

    `demands` and `measured` are what the queues' parts were worked out from; `ratio` is the day's run.
    """

    queues: dict[Key, Part]
    levels: dict[Key, Part]
    drops: dict[Key, Drop]
    measured: dict[Key, Measured]
    demands: dict[Key, Demand]
    heads: dict[Key, Heads]
    ratio: float


def work_out(
    inputs: Sequence[QueueInputs],
    near: Surroundings,
    at: datetime,
    *,
    others: Mapping[Key, Part] | None = None,
    levels: Collection[Key] = (),
) -> Worked:
    """Work out queues, and `levels` from them and from the parts of `others`, as these were last worked out."""
    others = others or {}
    by_key = {each.queue.key: each for each in inputs}
    measured = _each(by_key, by_key, partial(measure, at=at))
    volumes = _volumes(measured, others, near, at)
    measured = {key: _without_drop(each, volumes.suspect.get(key), near) for key, each in measured.items()}
    ratio = _day_ratio(measured, others, near)
    demands = _each(by_key, measured, partial(demand_of, ratio=ratio, judging=near.judging))
    heads = _heads(measured, demands, near, others)
    ready = {key: (measured[key], demand) for key, demand in demands.items()}
    parts = _parts(by_key, ready, heads, ratio, near, volumes)
    queues = {key: parts.get(key) or _unknown(each) for key, each in by_key.items()}
    return Worked(
        queues,
        _levels(levels, queues, others, heads, near, volumes.suspect),
        volumes.drops,
        measured,
        demands,
        heads,
        ratio,
    )


def _each(inputs: Mapping[Key, QueueInputs], things: Mapping[Key, T], work: Callable[[T], R]) -> dict[Key, R]:
    """Inputs of one queue that no formula takes must not stop the others."""
    done: dict[Key, R] = {}
    for key, thing in things.items():
        try:
            done[key] = work(thing)
        except Exception as error:
            place = {"scope": str(inputs[key].queue.scope), "department_id": key[0], "queue_name": key[1]}
            if _logged.is_news(tuple(place.values()), repr(error)):
                log.exception("queue_not_worked_out", **place)
    return done


def _day_ratio(measured: Mapping[Key, Measured], others: Mapping[Key, Part], near: Surroundings) -> float:
    """One ratio for the organization, from its realtime queues (DOMAIN 1.9)."""
    days = [each.inputs.day for each in measured.values() if not each.rules.deferred]
    rest = [part.totals for part in others.values() if not part.is_deferred]
    return formulas.reforecast_ratio(
        actual=sum(day.compared for day in days) + sum(totals.ended_offered or 0.0 for totals in rest),
        forecast=sum(day.forecast for day in days) + sum(totals.ended_forecast or 0.0 for totals in rest),
        prior_contacts=near.judging.prior_contacts,
    )


# --- drops in volume -------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Volumes:
    """`drops` that last, those of queues and of levels; `judged` are the queues whose volume could be judged."""

    drops: dict[Key, Drop]
    judged: frozenset[Key]

    @property
    def suspect(self) -> dict[Key, Drop]:
        return {key: drop for key, drop in self.drops.items() if not drop.confirmed}


def _volumes(measured: Mapping[Key, Measured], others: Mapping[Key, Part], near: Surroundings, at: datetime) -> Volumes:
    """Judge queues, then levels, whose drops their idle queues inherit.

    A level is judged when all its queues are at hand; else it stays as it was.
    """
    columns = {key: found for key, each in measured.items() if (found := _trailing(each)) is not None}
    results = {key: _judged(spans, near.drops.get(key)) for key, spans in columns.items()}
    drops = {
        key: drop
        for key, found in results.items()
        if (drop := _drop(found, near.drops.get(key), measured[key].as_of or at)) is not None
    }
    drops |= _still(measured, near)
    for level, inside in _levels_of(measured).items():
        above = near.drops.get(level)
        if not _is_inside(level, others):
            spans = formulas.add_trailing(columns[key] for key in inside if key in columns)
            has_callers = any(_has_callers(measured[key]) for key in inside)
            above = _drop(_judged(spans, above), above, at) if has_callers else None
        if above is not None:
            drops[level] = above
            if not above.confirmed:
                drops |= {key: above._replace(inherited=True) for key in _idle(inside, columns, above, drops)}
    return Volumes(drops, frozenset(key for key, found in results.items() if found.forecast is not None))


def _still(measured: Mapping[Key, Measured], near: Surroundings) -> dict[Key, Drop]:
    """Keep the drops of silent feeds: a feed that falls silent during a drop does not end it."""
    silent = (key for key, each in measured.items() if each.stale and each.inputs.queue.closed_until is None)
    return {key: near.drops[key] for key in silent if key in near.drops}


def _idle(
    inside: Collection[Key], columns: Mapping[Key, Sequence[Trailing]], above: Drop, drops: Collection[Key]
) -> list[Key]:
    return [
        key
        for key in inside
        if key in columns and key not in drops and formulas.nothing_offered(columns[key], above.minutes)
    ]


def _trailing(measured: Measured) -> Sequence[Trailing] | None:
    """Return the trailing spans; None for a queue without a volume to judge: closed, deferred, or silent."""
    queue, as_of = measured.inputs.queue, measured.as_of
    if not _has_callers(measured) or as_of is None or measured.stale:
        return None
    return formulas.trailing(
        offered_spans(measured.inputs.recent),
        queue.feed.samples,
        forecast_spans(measured.inputs.forecasts or measured.inputs.typical),
        as_of.timestamp(),
        None if queue.open_since is None else queue.open_since.timestamp(),
    )


def _without_drop(measured: Measured, drop: Drop | None, near: Surroundings) -> Measured:
    """Leave the time of a drop out of the day's comparison; that of a drop which was known before is left out already,
    as the day was loaded."""
    if drop is None:
        return measured
    inputs, at = measured.inputs, measured.at
    day = inputs.day._replace(dropped=True)
    if inputs.queue.key not in near.drops:
        midnight, _ = hours.local_day(at, inputs.zone)
        rows = [row for row in inputs.recent if row.start >= midnight and drop.since < row.end <= at]
        offered, forecast = formulas.comparable(offered_spans(rows), forecast_spans(inputs.forecasts))
        left = day.forecast - forecast
        compared = max(0.0, day.compared - offered) if left > HAIR else 0.0
        day = day._replace(compared=compared, forecast=left if left > HAIR else 0.0)
    return replace(measured, inputs=replace(inputs, day=day))


def _has_callers(measured: Measured) -> bool:
    return measured.inputs.queue.closed_until is None and not measured.rules.deferred


def _judged(spans: Sequence[Trailing], before: Drop | None) -> Judgement:
    return formulas.judge_volume(spans, suspect_before=_holds_on(before))


def _holds_on(before: Drop | None) -> bool:
    """A drop that was inherited is judged afresh, unless a person confirmed it."""
    return before is not None and (before.confirmed or not before.inherited)


def _drop(found: Judgement, before: Drop | None, as_of: datetime) -> Drop | None:
    if not found.suspect:
        return None
    if found.minutes is None or found.offered is None or found.forecast is None:
        return before
    if before is not None and _holds_on(before):
        return before._replace(offered=found.offered, forecast=found.forecast, minutes=found.minutes)
    return Drop(as_of - timedelta(minutes=found.minutes), found.offered, found.forecast, found.minutes)


def _levels_of(keys: Collection[Key]) -> dict[Key, list[Key]]:
    """Departments, then the organization, and the queues inside each."""
    found: dict[Key, list[Key]] = {}
    for key in keys:
        if key[0]:
            found.setdefault((key[0], ""), []).append(key)
    return found | {("", ""): list(keys)}


def _is_inside(level: Key, others: Collection[Key]) -> bool:
    return any(level in ((key[0], ""), ("", "")) for key in others)


# --- heads and parts -------------------------------------------------------------------------------------------------
def _heads(
    measured: Mapping[Key, Measured], demands: Mapping[Key, Demand], near: Surroundings, others: Mapping[Key, Part]
) -> dict[Key, Heads]:
    """The heads of all queues; others keep the requirement that they had. Nobody is shared with a closed queue."""
    is_open = {key: each for key, each in measured.items() if each.inputs.queue.closed_until is None}
    acd = {key: counted_by_acd(each.newest) for key, each in is_open.items() if each.newest and not each.stale}
    planned = {
        key: heads for key, each in measured.items() if (heads := planned_heads(each.expected, each.rules)) is not None
    }
    required = {key: part.totals.required for key, part in others.items() if part.closed_until is None}
    required |= {key: demands[key].required if key in demands else None for key in is_open}
    for key, part in others.items():
        if part.totals.available_source == "acd" and part.totals.available is not None:
            acd[key] = part.totals.available
    nobody = dict.fromkeys([*measured, *others], NOBODY)
    return nobody | queue_heads(near.groups, near.present, acd=acd, planned=planned, required=required)


def _parts(
    inputs: Mapping[Key, QueueInputs],
    ready: Mapping[Key, tuple[Measured, Demand]],
    heads: Mapping[Key, Heads],
    ratio: float,
    near: Surroundings,
    volumes: Volumes,
) -> dict[Key, Part]:
    """Work out queues many at a time, because what they ask of the chain of callers costs less together."""
    found: dict[Key, Part] = {}
    keys = list(ready)
    for begin in range(0, len(keys), TOGETHER):
        some = {key: (*ready[key], heads[key]) for key in keys[begin : begin + TOGETHER]}
        known = _each(inputs, some, lambda each: (*each, coming_intervals(*each, ratio=ratio)))
        asked = _each(inputs, known, lambda each: questions_of(*each, judging=near.judging))
        for batch in _batches(asked):
            formulas.prepare(chain.from_iterable(asked[key] for key in batch))
            batched = {key: known[key] for key in batch}
            found |= _each(inputs, batched, lambda each: queue_part(*each, near=near, volumes=volumes))
    return found


def _batches(asked: Mapping[Key, Sequence[formulas.Question]]) -> Iterator[list[Key]]:
    """Put queues together whose questions the chain of callers remembers. A queue has a hundred on a day of quarters of
    an hour."""
    batch, count = list[Key](), 0
    for key, questions in asked.items():
        if batch and count + len(questions) > formulas.REMEMBERED:
            yield batch
            batch, count = [], 0
        batch.append(key)
        count += len(questions)
    if batch:
        yield batch


def queue_part(
    measured: Measured,
    demand: Demand,
    heads: Heads,
    coming: ComingIntervals,
    *,
    near: Surroundings,
    volumes: Volumes,
) -> Part:
    key = measured.inputs.queue.key
    drop = volumes.suspect.get(key)
    totals = totals_of(measured, demand, heads, coming, judging=near.judging)
    return part_of(measured, demand, totals, drop, volume_judged=key in volumes.judged)


def _unknown(inputs: QueueInputs) -> Part:
    queue = inputs.queue
    return Part(Totals(), "no_data", closed_until=queue.closed_until, is_deferred=queue.rules.deferred)


def _levels(
    levels: Collection[Key],
    queues: Mapping[Key, Part],
    others: Mapping[Key, Part],
    heads: Mapping[Key, Heads],
    near: Surroundings,
    drops: Mapping[Key, Drop],
) -> dict[Key, Part]:
    every = {**others, **queues}
    heads_of = {key: _published_heads(part, heads[key]) for key, part in every.items() if key in heads}
    above = level_heads(heads_of, near.present, near.counted)
    inside = _levels_of(every)
    return {
        level: roll_up([every[key] for key in inside.get(level, ())], above.get(level, NOBODY), drops.get(level))
        for level in levels
    }


def _published_heads(part: Part, heads: Heads) -> Heads:
    """A closed queue has no heads."""
    totals = part.totals
    return Heads(totals.available, totals.scheduled, heads.source) if part.closed_until is None else NOBODY
