"""The states of one person over a day, and her schedule."""

from attendance.agent_states import person_times, stored_states, timelines
from attendance.agent_states.timelines import Span
from attendance.models import AgentState, Person
from attendance.presence.intervals import Interval


def of(person: Person, day: Interval, *, at: int) -> list[Span]:
    """Return the states of a day up to an instant; without reported ones, those that check-ins tell."""
    window = Interval(day.starts, min(day.ends, at))
    if window.starts >= window.ends:
        return []
    rows = AgentState.objects.filter(person=person, starts__lt=window.ends, ends__gt=window.starts).order_by("starts")
    began = {row.starts: row.activity_starts for row in rows}
    reported = [Span(row.starts, row.ends, row.state) for row in rows]
    clocked, _ = stored_states.clocked_states(person.organization_id, *window, [person.pk])
    found: list[Span] = []
    for time, left, right in timelines.aligned(reported, clocked.get(person.pk, [])):
        whole = None if left is None else left._replace(starts=began[left.starts])
        holds = timelines.in_force(whole, right)
        if holds is not None and found and found[-1].ends == time.starts and found[-1].what == holds.what:
            found[-1] = found[-1]._replace(ends=time.ends)
        elif holds is not None:
            found.append(Span(*time, holds.what))
    return person_times.clip(found, window)


def planned(person: Person, day: Interval) -> list[Span]:
    """Return the scheduled activities of a day, also those to come."""
    loaded = person_times.load(person.organization_id, day, at=day.ends, people=[person.pk])
    return person_times.clip(loaded[person.pk].planned, day) if person.pk in loaded else []
