"""Keep what follows from the neighbours of stored agent states, and read states as time lines."""

from collections.abc import Collection, Iterable

from django.db.models import Max

from attendance.agent_states.timelines import AGENT_STATE_OF, STATE_LASTS, Span
from attendance.choices import ACTIVITY_OF, AWAY_STATUSES
from attendance.models import AgentState, StatusPeriod

Spans = dict[int, list[Span]]
"""Spans in order, by the primary key of their person."""


def around(people: Collection[int], first: int) -> dict[int, list[AgentState]]:
    """Return the states of these people that a state at `first` or later may change: those that last until then."""
    found: dict[int, list[AgentState]] = {}
    rows = AgentState.objects.filter(person__in=people, starts__gte=first - STATE_LASTS, ends__gte=first)
    for row in rows.order_by("person", "starts"):
        found.setdefault(row.person_id, []).append(row)
    return found


def place(rows: Iterable[AgentState]) -> list[AgentState]:
    """Derive the end and the activity of one person's states; return the rows that changed by it.

    The first row keeps the start of its activity if that is known.
    """
    ordered, changed = sorted(rows, key=lambda row: row.starts), []
    for before, row, after in zip([None, *ordered], ordered, [*ordered[1:], None], strict=False):
        expires = row.starts + STATE_LASTS
        ends = expires if after is None else min(expires, after.starts)
        activity = ACTIVITY_OF[row.state].value
        since = _activity_starts(before, row, activity)
        if (row.ends, row.activity, row.activity_starts) != (ends, activity, since):
            row.ends, row.activity, row.activity_starts = ends, activity, since
            changed.append(row)
    return changed


def _activity_starts(before: AgentState | None, row: AgentState, activity: str) -> int:
    if before is None:
        goes_on = row.activity == activity and row.activity_starts is not None
        return row.activity_starts if goes_on else row.starts
    continues = before.activity == activity and before.ends == row.starts
    return before.activity_starts if continues else row.starts


# --- time lines ------------------------------------------------------------------------------------------------------
def reported_activities(organization_id: str, since: int, until: int, people: Collection[int] | None = None) -> Spans:
    """Return the activities that meet [since, until): states of one activity are one span. In one query."""
    rows = AgentState.objects.filter(
        organization=organization_id, starts__gt=since - STATE_LASTS, starts__lt=until, ends__gt=since
    )
    if people is not None:
        rows = rows.filter(person__in=people)
    merged = rows.values_list("person_id", "activity_starts", "activity").annotate(until=Max("ends"))
    found: Spans = {}
    for person, starts, activity, ends in merged.order_by("person_id", "activity_starts"):
        found.setdefault(person, []).append(Span(starts, ends, activity))
    return found


def clocked_states(
    organization_id: str, since: int, until: int, people: Collection[int] | None = None
) -> tuple[Spans, Spans]:
    """Return the states that check-ins tell in [since, until), and reported absence such as leave. In one query."""
    rows = StatusPeriod.objects.filter(organization=organization_id, starts__lt=until, ends__gt=since)
    if people is not None:
        rows = rows.filter(person__in=people)
    states: Spans = {}
    away: Spans = {}
    for person, starts, ends, status in rows.order_by("starts").values_list("person_id", "starts", "ends", "status"):
        if starts < ends and status in AGENT_STATE_OF:
            states.setdefault(person, []).append(Span(starts, ends, AGENT_STATE_OF[status]))
        elif starts < ends and status in AWAY_STATUSES:
            away.setdefault(person, []).append(Span(starts, ends, status))
    return states, away
