"""Time lines of one person: what is scheduled, and what she does (DOMAIN 1.2, 3.16). Pure: no database, no clock.

A time line is a list of disjoint spans in order. Instants are microseconds since 1970.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from attendance.choices import ACTIVITY_OF, AT_WORK, Activity, AgentStateName, AttendanceStatus, ShiftKind
from attendance.presence.intervals import HOUR, Interval, subtract, union

STATE_LASTS = 10 * HOUR
"""A state without a successor ends after ten hours, so that it never reaches into the next day of work: people rest for
eleven hours in between (EU directive 2003/88/EC, article 3)."""

AGENT_STATE_OF: dict[str, str] = {
    AttendanceStatus.PRESENT: AT_WORK,
    AttendanceStatus.ON_BREAK: AgentStateName.BREAK.value,
    AttendanceStatus.TRAINING: AgentStateName.TRAINING.value,
    AttendanceStatus.CHECKED_OUT: AttendanceStatus.CHECKED_OUT.value,
}
"""States that follow from a status; other statuses tell none."""
_OFF_WORK = (AgentStateName.BREAK.value, AgentStateName.TRAINING.value)


class Span(NamedTuple):
    """A stretch of time with the state or the activity that fills it."""

    starts: int
    ends: int
    what: str


def scheduled(pieces: Iterable[tuple[str, Interval]], away: Iterable[Interval] = ()) -> list[Span]:
    """Return the scheduled activities of published pieces (kind and time), without leave, days off and reported
    absence. Where pieces overlap a break counts first, then training."""
    by_kind: dict[str, list[Interval]] = {}
    for kind, time in pieces:
        by_kind.setdefault(kind, []).append(time)
    taken = [*by_kind.get(ShiftKind.LEAVE, ()), *by_kind.get(ShiftKind.DAY_OFF, ()), *away]
    found: list[Span] = []
    for kind in (ShiftKind.BREAK, ShiftKind.TRAINING, ShiftKind.WORK):
        times = by_kind.get(kind, [])
        found += [Span(*time, Activity(kind).value) for time in subtract(union(times), taken)]
        taken += times
    return sorted(found)


def in_force(reported: Span | None, clocked: Span | None) -> Span | None:
    """Return which of two states holds: the one that a feed of states reports, or the one that check-ins tell.

    A reported one counts first. A check-out after it ends it; one that is offline gives way to a break or training.
    """
    if clocked is not None and clocked.what == AttendanceStatus.CHECKED_OUT:
        return None if reported is None or clocked.starts >= reported.starts else reported
    offline = reported is not None and reported.what == AgentStateName.OFFLINE
    if reported is None or (offline and clocked is not None and clocked.what in _OFF_WORK):
        return clocked
    return reported


def actual(reported: Sequence[Span], clocked: Sequence[Span]) -> list[Span]:
    """Return a person's activities by the activities that a feed reports and the states that check-ins tell."""
    found: list[Span] = []
    for time, left, right in aligned(reported, clocked):
        holds = in_force(left, right)
        if holds is None:
            continue
        activity = ACTIVITY_OF.get(holds.what, holds.what)
        if found and found[-1].ends == time.starts and found[-1].what == activity:
            found[-1] = found[-1]._replace(ends=time.ends)
        else:
            found.append(Span(*time, activity))
    return found


def deviations(planned: Sequence[Span], done: Sequence[Span]) -> list[Interval]:
    """Return the scheduled time in which the activity is another one, as whole stretches."""
    return union(
        time
        for time, asked, did in aligned(planned, done)
        if asked is not None and (did is None or did.what != asked.what)
    )


def aligned(left: Sequence[Span], right: Sequence[Span]) -> Iterator[tuple[Interval, Span | None, Span | None]]:
    """Yield all stretches between two edges of either time line, with the span of each that covers it."""
    edges = sorted({edge for span in (*left, *right) for edge in (span.starts, span.ends)})
    a = b = 0
    for starts, ends in pairwise(edges):
        while a < len(left) and left[a].ends <= starts:
            a += 1
        while b < len(right) and right[b].ends <= starts:
            b += 1
        yield Interval(starts, ends), _covering(left, a, starts), _covering(right, b, starts)


def _covering(spans: Sequence[Span], place: int, instant: int) -> Span | None:
    return spans[place] if place < len(spans) and spans[place].starts <= instant else None
