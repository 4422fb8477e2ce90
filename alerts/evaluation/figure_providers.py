"""Provide the figures that rules are evaluated on: the one table of other domains' selectors."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

import attendance.selectors
import backlog.selectors
import intraday.feed_health.selectors
import kpi.selectors
from alerts.evaluation import scopes as scopes_of
from alerts.rules.catalogue import Figure
from intraday.org.models import Scope
from intraday.values import cadence

FigureAt = tuple[Scope, datetime, dict[str, Any]]

INSTANT = timedelta(microseconds=1)  # an interval that ends now counts as closed
NEWEST_INTERVALS = timedelta(hours=3)  # two closed intervals of an hour each, and a late feed


class CurrentFigures(Protocol):
    """The newest figure of every scope, or of these by primary key."""

    def __call__(
        self, organization_id: str, *, now: datetime, scopes: Collection[int] | None = None
    ) -> Iterator[FigureAt]: ...


class PastFigures(Protocol):
    """Figures with since <= time < until, in order of time."""

    def __call__(
        self, organization_id: str, *, since: datetime, until: datetime, scopes: Collection[int] | None = None
    ) -> Iterator[FigureAt]: ...


@dataclass(frozen=True)
class FigureProvider:
    figures: CurrentFigures
    past: PastFigures | None = None
    """Past figures; None if they are not kept: such rules cannot be previewed."""
    posted: bool = False
    """True if feeds post these figures: several may come between two runs, and each is evaluated."""


@dataclass(frozen=True)
class FigureProviders:
    by_name: Mapping[str, FigureProvider]
    closed: Callable[..., Mapping[int, datetime]]
    """(organization id, at=…) -> until when each queue and each level above is closed that is closed then, by primary
    key of its scope. A level is closed while all its queues are."""


def feeds(organization_id: str, *, now: datetime, scopes: Collection[int] | None = None) -> Iterator[FigureAt]:
    """Return one figure of the organization: the minutes its feeds have been stale, by source and at worst."""
    whole = Scope.objects.get(organization=organization_id, department_id="", queue_name="")
    if scopes is None or whole.pk in scopes:
        known = intraday.feed_health.selectors.feeds(organization_id, now=now, opened=kpi.selectors.opened)
        yield whole, now, stale_minutes(known, now)


def stale_minutes(known: Collection[Figure], now: datetime) -> dict[str, Any]:
    """Return for how many minutes feeds have been stale, by source and at worst.

    Only feeds that are awaited count: those that report by the clock, while a queue that they feed is open. None where
    there is no such feed: one that is not there cannot fall silent.
    """
    minutes: dict[str, float] = {}
    for feed in known:
        awaited_since = feed.get("awaited_since", feed["last_received_at"])
        if awaited_since is None or feed["kind"] not in cadence.CLOCKED_KINDS:
            continue
        stale = cadence.silent_for(feed["cadence_seconds"], awaited_since, now).total_seconds() / 60
        for name in ("stale_minutes", f"{feed['kind']}_stale_minutes"):
            minutes[name] = max(minutes.get(name, 0.0), stale)
    names = ("stale_minutes", *(f"{source}_stale_minutes" for source in ("backlog", "kpi", "attendance")))
    return {name: round(minutes[name], 2) if name in minutes else None for name in names}


def interval_figures(
    organization_id: str, *, now: datetime, scopes: Collection[int] | None = None
) -> Iterator[FigureAt]:
    """Return the last two closed intervals of each queue as one figure, at the end of the last."""
    newest = {
        figure[0].pk: figure
        for figure in past_interval_figures(
            organization_id, since=now - NEWEST_INTERVALS, until=now + INSTANT, scopes=scopes
        )
    }
    return iter(newest.values())


def past_interval_figures(
    organization_id: str, *, since: datetime, until: datetime, scopes: Collection[int] | None = None
) -> Iterator[FigureAt]:
    """Return a figure for each closed interval whose predecessor is closed too: by how many points both are short."""
    before: dict[int, tuple[datetime, float]] = {}  # by queue, the end of its last interval and its shortfall
    for interval in kpi.selectors.closed_intervals(organization_id, since=since, until=until, scopes=scopes):
        if interval.service_level is None:
            continue
        shortfall = interval.target_service_level - interval.service_level
        end, other = before.get(interval.scope.pk, (None, 0.0))
        before[interval.scope.pk] = interval.end, shortfall
        if end == interval.start:
            short = round(min(shortfall, other), 2)
            yield interval.scope, interval.end, {"service": {"closed_shortfall_points": short}}


def backlog_figures(
    organization_id: str, *, now: datetime, scopes: Collection[int] | None = None
) -> Iterator[FigureAt]:
    found = backlog.selectors.figures(organization_id, now=now, scopes=scopes)
    return _with_sla(organization_id, found, scopes)


def past_backlog_figures(
    organization_id: str, *, since: datetime, until: datetime, scopes: Collection[int] | None = None
) -> Iterator[FigureAt]:
    found = backlog.selectors.past_figures(organization_id, since=since, until=until, scopes=scopes)
    return _with_sla(organization_id, found, scopes)


def _with_sla(organization_id: str, figures: Iterable[FigureAt], scopes: Collection[int] | None) -> Iterator[FigureAt]:
    """Add the share of their SLA that the oldest items of deferred queues have used up; the SLA is a setting of the
    queue."""
    known = kpi.selectors.rules_by_queue(organization_id, scopes=scopes)
    limits = {pk: rules.sla_seconds for pk, rules in known.items() if rules.deferred}
    for scope, as_of, figure in figures:
        age, limit = figure["oldest_item_age_minutes"], limits.get(scope.pk)
        used = None if age is None or limit is None else round(100 * 60 * age / limit, 2)
        yield scope, as_of, {**figure, "oldest_item_sla_percent": used}


def closed(organization_id: str, *, at: datetime) -> Mapping[int, datetime]:
    return scopes_of.with_levels_above(organization_id, kpi.selectors.closed(organization_id, at=at))


PROVIDERS = FigureProviders(
    by_name={
        "kpi": FigureProvider(kpi.selectors.figures, kpi.selectors.past_figures),
        "attendance": FigureProvider(attendance.selectors.figures, attendance.selectors.past_figures, posted=True),
        "backlog": FigureProvider(backlog_figures, past_backlog_figures, posted=True),
        "feeds": FigureProvider(feeds),
        "intervals": FigureProvider(interval_figures, past_interval_figures),
    },
    closed=closed,
)
