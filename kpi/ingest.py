"""Storing what feeds say of intervals. Inputs publish nothing themselves: they mark their queue, whose figures are
worked out within seconds."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, NamedTuple

from django.db import transaction

from intraday.jobs import dirty
from intraday.org.models import Organization, Scope
from intraday.org.services import resolve_scopes
from intraday.values import cadence
from kpi import plausibility
from kpi.models import ForecastInterval, IntervalFeed, IntervalStats

Row = Mapping[str, Any]
"""A valid row: `department_id`, `queue_name`, `start` and the other fields of its model."""

Outcome = Literal["created", "corrected", "duplicate", "late", "superseded"]
Key = tuple[Scope, datetime]

KNOWN_ARRIVALS = 8
SAMPLED_SECONDS, SAMPLE_SECONDS = 3_660.0, 60.0
Sample = list[float]
"""[time of measurement, start of the interval, offered so far]; times in seconds of the epoch."""
_NOT_REPORTED = {"id", "scope", "start", "received_at"}
STATS_REPORTED = [each.name for each in IntervalStats._meta.fields if each.name not in _NOT_REPORTED]
_CONTENT = [name for name in STATS_REPORTED if name != "as_of"]
FORECAST_REPORTED = [each.name for each in ForecastInterval._meta.fields if each.name not in _NOT_REPORTED]


@dataclass
class Stored:
    """The outcome of each row, by index: its result, the errors that refused it, and warnings for its feed."""

    results: dict[int, Outcome] = field(default_factory=dict)
    errors: dict[int, Any] = field(default_factory=dict)
    warnings: dict[int, list[str]] = field(default_factory=dict)

    def warn(self, index: int, *texts: str) -> None:
        self.warnings.setdefault(index, []).extend(texts)


@transaction.atomic
def store_intervals(
    *,
    organization: Organization,
    rows: Mapping[int, Row],
    now: datetime,
    within: frozenset[str] | None = None,
    atomic: bool = False,
    dry_run: bool = False,
) -> Stored:
    """Store measured intervals; one measured earlier than what is stored never overwrites it.

    `within`, `atomic`, `dry_run`: as in backlog.services.ingest.
    """
    done = Stored()
    groups = _by_key(organization, rows, within, done, dry_run=dry_run)
    if atomic and done.errors:
        return _nothing(done)
    chosen = {key: _newest(group, done) for key, group in groups.items()}
    feeds = _lock_feeds({scope for scope, _ in chosen})
    known = {(row.scope_id, row.start): row for row in _known(IntervalStats, chosen)}
    plausibility.warn_of_intervals(groups, chosen, done.warn)
    fresh: list[IntervalStats] = []
    again: list[IntervalStats] = []
    for (scope, start), (index, row) in chosen.items():
        stored = known.get((scope.pk, start))
        judged = _judge(stored, row, feeds[scope.pk].as_of)
        done.results[index] = judged.outcome
        if judged.backwards:
            done.warn(index, plausibility.BACKWARDS)
        if judged.counts:
            measured = IntervalStats(scope=scope, start=start, received_at=now, **_reported(row, STATS_REPORTED))
            (again if judged.outcome == "duplicate" else fresh).append(measured)
    _upsert(IntervalStats, fresh + again, [*STATS_REPORTED, "received_at"])
    _learn(feeds, fresh + again)
    return _finish(done, {row.scope for row in fresh}, now, dry_run)


@transaction.atomic
def store_forecasts(
    *,
    organization: Organization,
    rows: Mapping[int, Row],
    now: datetime,
    within: frozenset[str] | None = None,
    atomic: bool = False,
    dry_run: bool = False,
) -> Stored:
    """Store what is expected; the last one posted counts."""
    done = Stored()
    groups = _by_key(organization, rows, within, done, dry_run=dry_run)
    if atomic and done.errors:
        return _nothing(done)
    chosen = {key: _finest(group, done) for key, group in groups.items()}
    plausibility.warn_of_overlaps(ForecastInterval, groups, done.warn)
    known = {(row.scope_id, row.start): row for row in _known(ForecastInterval, chosen)}
    fresh: list[ForecastInterval] = []
    for (scope, start), (index, row) in sorted(chosen.items(), key=lambda each: (each[0][0].pk, each[0][1])):
        stored = known.get((scope.pk, start))
        done.results[index] = outcome = _forecast_outcome(stored, row)
        if outcome in ("created", "corrected"):
            fresh.append(
                ForecastInterval(scope=scope, start=start, received_at=now, **_reported(row, FORECAST_REPORTED))
            )
    _upsert(ForecastInterval, fresh, [*FORECAST_REPORTED, "received_at"])
    return _finish(done, {row.scope for row in fresh}, now, dry_run)


def _forecast_outcome(stored: ForecastInterval | None, row: Row) -> Outcome:
    if stored is None:
        return "created"
    if row["minutes"] > stored.minutes:
        return "superseded"
    return "duplicate" if _values(stored, FORECAST_REPORTED) == _values(row, FORECAST_REPORTED) else "corrected"


def _nothing(done: Stored) -> Stored:
    transaction.set_rollback(True)  # queues that other rows named first
    return Stored(errors=done.errors)


def _finish(done: Stored, changed: Collection[Scope], now: datetime, dry_run: bool) -> Stored:
    dirty.mark(changed, now=now)
    if dry_run:
        transaction.set_rollback(True)
    return done


def _by_key(
    organization: Organization, rows: Mapping[int, Row], within: frozenset[str] | None, done: Stored, *, dry_run: bool
) -> dict[Key, list[tuple[int, Row]]]:
    """Group the rows by queue and interval, and note warnings about their names."""
    names = {index: (row["department_id"], row["queue_name"]) for index, row in rows.items()}
    resolved = resolve_scopes(organization, list(names.values()), create=True, within=within)
    done.warnings |= resolved.news(names, dry_run=dry_run)
    grouped: dict[Key, list[tuple[int, Row]]] = {}
    for index, name in names.items():
        if name in resolved.errors:
            done.errors[index] = resolved.errors[name]
        else:
            grouped.setdefault((resolved.scopes[name], rows[index]["start"]), []).append((index, rows[index]))
    return grouped


def _newest(group: Sequence[tuple[int, Row]], done: Stored) -> tuple[int, Row]:
    """Choose of the rows with one start the finest, of equally fine ones the one measured last, then the later one."""
    return _last(sorted(group, key=lambda each: (-each[1]["minutes"], each[1]["as_of"], each[0])), done)


def _finest(group: Sequence[tuple[int, Row]], done: Stored) -> tuple[int, Row]:
    """Choose of forecasts with one start the finest, of equally fine ones the later one."""
    return _last(sorted(group, key=lambda each: (-each[1]["minutes"], each[0])), done)


def _last(group: Sequence[tuple[int, Row]], done: Stored) -> tuple[int, Row]:
    *others, chosen = group
    done.results.update((index, "superseded") for index, _ in others)
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
    outcome: Outcome
    counts: bool = False  # from now on
    backwards: bool = False


def _judge(stored: IntervalStats | None, row: Row, newest: datetime | None) -> _Judged:
    """Decide about a row by its measurement time; where the feed does not say it, by what can be known of it.

    Without `as_of` a row looks as new as its arrival. The same content again is a duplicate; it is true until now, so
    that a quiet queue does not grow stale. Lower counts were measured earlier: such a row came late. Of two lengths
    with one start the finer one counts.
    """
    if stored is None:
        return _Judged("late" if newest is not None and row["as_of"] < newest else "created", counts=True)
    if row["minutes"] != stored.minutes:
        finer = row["minutes"] < stored.minutes
        return _Judged("corrected" if finer else "superseded", counts=finer)
    older, stated = row["as_of"] < stored.as_of, row.get("as_of_stated", True)
    same = STATS_REPORTED if stated else _CONTENT
    if _values(stored, same) == _values(row, same) and not (stated and older):
        return _Judged("duplicate", counts=not stated and not older)
    if not stated and plausibility.goes_backwards(stored, row):
        return _Judged("late", backwards=True)
    return _Judged("late" if older else "corrected", counts=not older)


def _values(of: Any, names: Sequence[str]) -> list[Any]:
    return [of.get(name) if isinstance(of, Mapping) else getattr(of, name) for name in names]


def _reported(row: Row, names: Sequence[str]) -> dict[str, Any]:
    return {name: row.get(name) for name in names}


def _upsert(model: Any, rows: Sequence[Any], fields: Sequence[str]) -> None:
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
