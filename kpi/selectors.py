"""Read the KPIs."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import structlog
from django.db.models import OuterRef, QuerySet, Subquery

from intraday.org import scoped
from intraday.org.models import Organization, Scope
from intraday.org.scoped import Figure, TimePage
from intraday.values.once import Once
from kpi import hours
from kpi.computing import day_reading, situations
from kpi.computing.day_reading import DayTotals as DayTotals
from kpi.day.what_if import Change as Change
from kpi.day.what_if import NotWorkedOutError as NotWorkedOutError
from kpi.day.what_if import TooFewAgentsError as TooFewAgentsError
from kpi.day.what_if import WhatIf
from kpi.events import (
    Changes,
    DeferredWork,
    HeadcountGap,
    Health,
    KPIChanged,
    Service,
    SlaRisk,
    Utilization,
    VolumeDrop,
)
from kpi.loading import queue_settings
from kpi.loading.closed_intervals import closed_intervals as closed_intervals
from kpi.loading.queue_settings import DEFAULT_RULES as DEFAULT_RULES
from kpi.models import CurrentKPI, KPISnapshot, QueueSettings, StateChange
from kpi.pipeline.figure import age_seconds
from kpi.pipeline.inputs import Rules as Rules
from kpi.pipeline.state import RANK, Components, QueueCounts, Reason
from kpi.pipeline.state import WORST_FIRST as WORST_FIRST
from realtime.protocol.redaction import Redaction
from realtime.protocol.rooms import RoomFilter

log = structlog.get_logger(__name__)
_logged = Once()

_BLOCKS: dict[str, type[msgspec.Struct]] = {
    "utilization": Utilization,
    "headcount_gap": HeadcountGap,
    "sla_risk": SlaRisk,
    "changes": Changes,
    "service": Service,
    "health": Health,
    "deferred": DeferredWork,
    "volume": VolumeDrop,
}
_STATE = [
    "state.level",
    "state.since",
    *(f"state.components.{name}" for name in Components.__struct_fields__),
    *(f"state.queues.{name}" for name in QueueCounts.__struct_fields__),
]
COLUMNS = [
    column
    for name in KPIChanged.__struct_fields__
    if name not in ("reasons", "state")
    for column in ([f"{name}.{inner}" for inner in _BLOCKS[name].__struct_fields__] if name in _BLOCKS else [name])
] + _STATE
"""The columns of a table of figures: all fields but lists and the explanations of nulls, nested ones with a dot."""


def _current(organization_id: str, using: str = "default") -> QuerySet[CurrentKPI]:
    rows = (
        CurrentKPI.objects.using(using).select_related("scope").only("scope", "time", "as_of", "fresh_until", "figure")
    )
    return rows.filter(scope__organization=organization_id, time__isnull=False).order_by("scope")


def snapshot(organization_id: str, rooms: RoomFilter, redaction: Redaction) -> Sequence[msgspec.Raw]:
    """The current figure of every scope that these rooms hear (realtime.protocol.channel_spec.SnapshotItems)."""
    return [
        msgspec.Raw(figure)
        for row in rooms.narrow(_current(organization_id, "snapshot"))
        if rooms.hears(row.scope.department_id, row.scope.queue_name) and (figure := _readable(row)) is not None
    ]


def _readable(row: CurrentKPI) -> bytes | None:
    """Return the figure; None for a damaged one, which is left out until the next run replaces it."""
    try:
        return _in_todays_form(row.figure)
    except msgspec.MsgspecError as error:
        _report_unreadable(row.scope, error)
        return None


def _report_unreadable(scope: Scope, error: Exception) -> None:
    if _logged.is_news(scope.pk, str(error)):
        place = {"department_id": scope.department_id, "queue_name": scope.queue_name}
        log.error("figure_unreadable", organization_id=scope.organization_id, **place, error=str(error))


def current(scope: Scope, *, now: datetime, names: bool) -> dict[str, Any]:
    """The scope's figure with its age, and those of the scopes inside it; null before the first."""
    rows = scoped.inside(_current(scope.organization_id), scope)
    return scoped.apart(scope, {row.scope_id: _aged(row, now) for row in rows})


def _aged(row: CurrentKPI, now: datetime) -> dict[str, Any]:
    """The figure as it is now: data grow older between two computations."""
    figure = as_dict(row.figure)
    if row.as_of is not None:
        figure["data_age_seconds"] = age_seconds(row.as_of, now)
    if row.fresh_until is not None and now > row.fresh_until and "closed_until" not in figure:
        figure["quality"] = "stale"
        if "state" in figure:
            figure["state"] = _as_stale(figure["state"], row.as_of, row.fresh_until, now)
    return figure


def _as_stale(state: dict[str, Any], as_of: datetime | None, since: datetime, now: datetime) -> dict[str, Any]:
    """Return the state with the reason that the next round will find; a graver level stays."""
    if as_of is None or RANK[state["level"]] <= RANK["stale"]:
        return state
    silent = Reason(
        code="feed_stale", value=age_seconds(as_of, now), limit=(since - as_of).total_seconds(), level="stale"
    )
    reasons = [reason for reason in state["reasons"] if RANK[reason["level"]] < RANK["stale"]]
    spelled = msgspec.to_builtins(since)
    return state | {"level": "stale", "since": spelled, "reasons": [*reasons, msgspec.to_builtins(silent)]}


def figures(organization_id: str, *, now: datetime, scopes: Collection[int] | None = None) -> Iterator[Figure]:
    """The newest figure of every scope of an organization (or of these, by primary key), in one query."""
    for row in scoped.chosen(_current(organization_id), scopes):
        assert row.time is not None
        try:
            figure = _aged(row, now)
        except msgspec.MsgspecError as error:
            _report_unreadable(row.scope, error)
        else:
            yield row.scope, row.time, figure


def past_figures(
    organization_id: str, *, since: datetime, until: datetime, scopes: Collection[int] | None = None
) -> Iterator[Figure]:
    """Figures with since <= time < until, in order of time, in one query."""
    for row in scoped.past(KPISnapshot.objects.all(), organization_id, since, until, scopes).iterator():
        yield row.scope, row.time, msgspec.json.decode(row.figure)  # older ones lack fields: readers expect that


def history(scope: Scope, page: TimePage, *, names: bool) -> tuple[list[dict[str, Any]], datetime | None]:
    """Return a page of the figures of exactly this scope, and the cursor of the next one."""
    rows, following = page.take(KPISnapshot.objects.filter(scope=scope).only("time", "figure"))
    return [as_dict(row.figure) for row in rows], following


def as_dict(figure: bytes | memoryview) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(_in_todays_form(figure))
    return found


def _in_todays_form(figure: bytes | memoryview) -> bytes:
    """Return a stored figure with all fields that are promised: an older version knew fewer, and no state."""
    text = bytes(figure)
    return text if b'"state":{' in text else msgspec.json.encode(msgspec.json.decode(text, type=KPIChanged))


def intervals(scope: Scope, *, day: date | None, now: datetime) -> dict[str, Any]:
    """The grid of a local day, today if none is named, summed over the queues inside the scope."""
    organization = scope.organization
    day = day or local_day(organization, now)
    begin, end = day_bounds(organization, day)
    minutes, rows = day_reading.intervals(scope, begin, end, now=now)
    return {
        **scoped.frame(scope),
        "date": day,
        "interval_minutes": minutes,
        "intervals": rows,
    }


def what_if(scope: Scope, change: Change, source: Scope | None = None, *, now: datetime) -> WhatIf:
    """A queue as it is and as it would be; `source` is the queue that agents come from. Raises
    NotWorkedOutError and TooFewAgentsError."""
    return situations.what_if(scope, change, source, now=now)


def day_totals(scope: Scope, day: date, *, now: datetime) -> DayTotals:
    """The contacts and the service level of a local day, summed over the queues inside the scope."""
    begin, end = day_bounds(scope.organization, day)
    return day_reading.day_totals(scope, begin, end, now=now)


def state_changes(organization_id: str) -> QuerySet[StateChange]:
    """The changes of the states of scopes, with their scopes."""
    return StateChange.objects.select_related("scope").filter(scope__organization=organization_id)


def states_before(scopes: QuerySet[Scope], at: datetime) -> dict[int, StateChange]:
    """The last change before an instant of each of these scopes, by primary key of the scope, in one query."""
    newest = StateChange.objects.filter(scope=OuterRef("pk"), at__lt=at).order_by("-at", "-id").values("pk")[:1]
    found = scopes.annotate(newest=Subquery(newest)).values("newest")
    return {row.scope_id: row for row in StateChange.objects.select_related("scope").filter(pk__in=found)}


def day_bounds(organization: Organization, day: date) -> tuple[datetime, datetime]:
    """Return the begin and the end of a local day."""
    return hours.day_bounds(day, ZoneInfo(organization.time_zone))


def local_day(organization: Organization, at: datetime) -> date:
    return at.astimezone(ZoneInfo(organization.time_zone)).date()


def end_of_day(organization: Organization, *, now: datetime) -> datetime:
    return hours.local_day(now, ZoneInfo(organization.time_zone))[1]


def suggestions(scope: Scope, *, within: Collection[str] | None, now: datetime) -> dict[str, Any]:
    """Return suggestions for the queues inside the scope; `within` are the departments of a limited caller."""
    at, found = situations.suggestions(scope, within=within, now=now)
    return {
        **scoped.frame(scope),
        "as_of": at,
        "suggestions": found,
    }


def closed(organization_id: str, *, at: datetime) -> dict[int, datetime]:
    """Return the next opening of each queue that is closed at that instant, by primary key."""
    organization = Organization.objects.get(pk=organization_id)
    if not queue_settings.may_be_closed(organization, at):
        return {}
    scopes = Scope.objects.filter(organization=organization).exclude(queue_name="")
    return queue_settings.closed_queues(organization, scopes, rules_by_queue(organization_id), at)


def opened(organization_id: str, *, at: datetime) -> dict[tuple[str, str], datetime]:
    """Return the queues that are open at that instant, by department and name, and since when each has been open."""
    organization = Organization.objects.get(pk=organization_id)
    scopes = {scope.pk: scope for scope in Scope.objects.filter(organization=organization).exclude(queue_name="")}
    found = queue_settings.opened_queues(organization, scopes.values(), rules_by_queue(organization_id), at)
    return {(scopes[pk].department_id, scopes[pk].queue_name): since for pk, since in found.items()}


def rules_by_queue(organization_id: str, *, scopes: Collection[int] | None = None) -> Mapping[int, Rules]:
    """The settings of queues (or of these), by primary key of their scope; those that are missing are run by
    DEFAULT_RULES."""
    rows = QueueSettings.objects.filter(scope__organization=organization_id)
    return queue_settings.rules_of(scoped.chosen(rows, scopes))


def organizations() -> set[str]:
    """Return the organizations that have a figure."""
    return scoped.organizations(CurrentKPI.objects.filter(time__isnull=False))
