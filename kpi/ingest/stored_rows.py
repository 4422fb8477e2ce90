"""Storing what feeds say of intervals. Inputs publish nothing themselves: they mark their queue, whose figures are
worked out within seconds."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

from django.db import transaction

from intraday.ingest.posts import Ingested, Post, Result, RowResult
from intraday.jobs import dirty
from intraday.org.models import Scope
from intraday.values import cadence
from kpi.ingest import plausibility
from kpi.ingest.rows import ForecastRow, IntervalRow
from kpi.models import ForecastInterval, IntervalFeed, IntervalStats

R = TypeVar("R", IntervalRow, ForecastRow)
M = TypeVar("M", IntervalStats, ForecastInterval)
Key = tuple[Scope, datetime]

KNOWN_ARRIVALS = 8
SAMPLED_SECONDS, SAMPLE_SECONDS = 3_660.0, 60.0
Sample = list[float]
"""[time of measurement, start of the interval, offered so far]; times in seconds of the epoch."""
_NOT_REPORTED = {"id", "scope", "start", "received_at"}
STATS_REPORTED = [each.name for each in IntervalStats._meta.fields if each.name not in _NOT_REPORTED]
_CONTENT = [name for name in STATS_REPORTED if name != "as_of"]
FORECAST_REPORTED = [each.name for each in ForecastInterval._meta.fields if each.name not in _NOT_REPORTED]


@transaction.atomic
def store_intervals(post: Post[IntervalRow]) -> Ingested:
    """Store measured intervals; one measured earlier than what is stored never overwrites it."""
    done = Ingested()
    groups = _by_key(post, done)
    if post.is_refused(done):
        return done
    chosen = {key: _last(key, sorted(group, key=_fineness_and_time), done) for key, group in groups.items()}
    feeds = _lock_feeds({scope for scope, _ in chosen})
    known = {(row.scope_id, row.start): row for row in _known(IntervalStats, chosen)}
    plausibility.warn_of_intervals(groups, chosen, done.warn)
    fresh: list[IntervalStats] = []
    again: list[IntervalStats] = []
    for (scope, start), (index, row) in chosen.items():
        stored = known.get((scope.pk, start))
        judged = _judge(stored, row, feeds[scope.pk].as_of)
        done.results[index] = _result(judged.outcome, scope, row)
        if judged.backwards:
            done.warn(index, plausibility.BACKWARDS)
        if judged.counts:
            measured = _model(IntervalStats, STATS_REPORTED, scope, row, post.now)
            (again if judged.outcome == "duplicate" else fresh).append(measured)
    _upsert(IntervalStats, fresh + again, STATS_REPORTED)
    _learn(feeds, fresh + again)
    dirty.mark({row.scope for row in fresh}, now=post.now)
    return post.end(done)


@transaction.atomic
def store_forecasts(post: Post[ForecastRow]) -> Ingested:
    """Store what is expected; the last one posted counts."""
    done = Ingested()
    groups = _by_key(post, done)
    if post.is_refused(done):
        return done
    chosen = {key: _last(key, sorted(group, key=_fineness), done) for key, group in groups.items()}
    plausibility.warn_of_overlaps(ForecastInterval, groups, done.warn)
    known = {(row.scope_id, row.start): row for row in _known(ForecastInterval, chosen)}
    fresh: list[ForecastInterval] = []
    for (scope, start), (index, row) in sorted(chosen.items(), key=lambda each: (each[0][0].pk, each[0][1])):
        outcome = _forecast_outcome(known.get((scope.pk, start)), row)
        done.results[index] = _result(outcome, scope, row)
        if outcome in ("created", "corrected"):
            fresh.append(_model(ForecastInterval, FORECAST_REPORTED, scope, row, post.now))
    _upsert(ForecastInterval, fresh, FORECAST_REPORTED)
    dirty.mark({row.scope for row in fresh}, now=post.now)
    return post.end(done)


def _result(outcome: Result, scope: Scope, row: IntervalRow | ForecastRow) -> RowResult:
    time = row.as_of if isinstance(row, IntervalRow) else row.start
    return RowResult(outcome, time, (scope.department_id, scope.queue_name))


def _forecast_outcome(stored: ForecastInterval | None, row: ForecastRow) -> Result:
    if stored is None:
        return "created"
    if row.minutes > stored.minutes:
        return "superseded"
    return "duplicate" if _values(stored, FORECAST_REPORTED) == _values(row, FORECAST_REPORTED) else "corrected"


def _by_key(post: Post[R], done: Ingested) -> dict[Key, list[tuple[int, R]]]:
    """Group the rows by queue and interval, and note warnings about their names."""
    resolved = post.resolve(done)
    post.warn_of_new_scopes(resolved, done)
    grouped: dict[Key, list[tuple[int, R]]] = {}
    for scope, rows in post.by_scope(resolved).items():
        for index, row in rows:
            grouped.setdefault((scope, row.start), []).append((index, row))
    return grouped


def _fineness_and_time(each: tuple[int, IntervalRow]) -> tuple[int, datetime, int]:
    """Order rows of one start so that the finest comes last, of equally fine ones that measured last, then the later
    one."""
    return -each[1].minutes, each[1].as_of, each[0]


def _fineness(each: tuple[int, ForecastRow]) -> tuple[int, int]:
    """Order forecasts of one start so that the finest comes last, of equally fine ones the later one."""
    return -each[1].minutes, each[0]


def _last(key: Key, group: Sequence[tuple[int, R]], done: Ingested) -> tuple[int, R]:
    *others, chosen = group
    done.results |= {index: _result("superseded", key[0], row) for index, row in others}
    return chosen


def _lock_feeds(scopes: Collection[Scope]) -> dict[int, IntervalFeed]:
    """The feeds' rows of these queues, made where missing, locked until commit in scope order."""
    wanted = {scope.pk for scope in scopes}
    missing = wanted.difference(IntervalFeed.objects.filter(scope__in=wanted).values_list("scope_id", flat=True))
    if missing:
        IntervalFeed.objects.bulk_create([IntervalFeed(scope_id=pk) for pk in sorted(missing)], ignore_conflicts=True)
    locked = IntervalFeed.objects.select_for_update().filter(scope__in=wanted).order_by("scope_id")
    return {row.scope_id: row for row in locked}


def _known(model: Any, keys: Collection[Key]) -> Any:
    scopes, starts = {scope.pk for scope, _ in keys}, {start for _, start in keys}
    return model.objects.filter(scope__in=scopes, start__in=starts) if keys else ()


class _Judged(NamedTuple):
    outcome: Result
    counts: bool = False  # from now on
    backwards: bool = False


def _judge(stored: IntervalStats | None, row: IntervalRow, newest: datetime | None) -> _Judged:
    """Decide about a row by its measurement time; where the feed does not say it, by what can be known of it.

    Without `as_of` a row looks as new as its arrival. The same content again is a duplicate; it is true until now, so
    that a quiet queue does not grow stale. Lower counts were measured earlier: such a row came late. Of two lengths
    with one start the finer one counts.
    """
    if stored is None:
        return _Judged("late" if newest is not None and row.as_of < newest else "created", counts=True)
    if row.minutes != stored.minutes:
        finer = row.minutes < stored.minutes
        return _Judged("corrected" if finer else "superseded", counts=finer)
    older, stated = row.as_of < stored.as_of, row.as_of_stated
    same = STATS_REPORTED if stated else _CONTENT
    if _values(stored, same) == _values(row, same) and not (stated and older):
        return _Judged("duplicate", counts=not stated and not older)
    if not stated and plausibility.goes_backwards(stored, row):
        return _Judged("late", backwards=True)
    return _Judged("late" if older else "corrected", counts=not older)


def _values(of: IntervalStats | ForecastInterval | IntervalRow | ForecastRow, names: Sequence[str]) -> list[Any]:
    return [getattr(of, name) for name in names]


def _model(model: type[M], names: Sequence[str], scope: Scope, row: IntervalRow | ForecastRow, now: datetime) -> M:
    values = dict(zip(names, _values(row, names), strict=True))
    return model(scope=scope, start=row.start, received_at=now, **values)


def _upsert(model: Any, rows: Sequence[Any], names: Sequence[str]) -> None:
    fields = [*names, "received_at"]
    if rows:
        model.objects.bulk_create(rows, update_conflicts=True, unique_fields=["scope", "start"], update_fields=fields)


def _learn(feeds: Mapping[int, IntervalFeed], rows: Sequence[IntervalStats]) -> None:
    """Remember when measurements of these queues were taken, and the rhythm of that: the median step."""
    changed: dict[int, IntervalFeed] = {}
    for row in sorted(rows, key=lambda each: each.as_of):
        feed = feeds[row.scope_id]
        if feed.as_of is None or row.as_of > feed.as_of:
            feed.as_of = row.as_of
            feed.arrivals = [*feed.arrivals, row.as_of.timestamp()][-KNOWN_ARRIVALS:]
            feed.samples = _with_sample(feed.samples, row)
            changed[feed.scope_id] = feed
    for feed in changed.values():
        feed.cadence_seconds = cadence.learned(feed.arrivals)
    if changed:
        IntervalFeed.objects.bulk_create(
            changed.values(),
            update_conflicts=True,
            unique_fields=["scope"],
            update_fields=["as_of", "cadence_seconds", "arrivals", "samples"],
        )


def _with_sample(samples: list[Sample], row: IntervalStats) -> list[Sample]:
    """Add the count of a running interval; of the last hour's one a minute is kept."""
    time, start = row.as_of.timestamp(), row.start.timestamp()
    kept = [sample for sample in samples if sample[0] > time - SAMPLED_SECONDS]
    if len(kept) > 1 and time - kept[-2][0] < SAMPLE_SECONDS:
        kept.pop()
    return [*kept, [time, start, row.offered]] if row.as_of < row.end else kept
