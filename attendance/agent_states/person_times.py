"""Load the time lines of people: scheduled and actual activities, and the queues that they are scheduled for."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from attendance.agent_states import stored_states, timelines
from attendance.agent_states.adherence_times import Days
from attendance.agent_states.timelines import Span
from attendance.choices import WORKING_KINDS
from attendance.microseconds import to_instant
from attendance.models import AgentState, StatusPeriod
from attendance.presence import shift_pieces
from attendance.presence.intervals import HOUR, Interval, union
from attendance.presence.shift_pieces import Serves, ShiftPiece, served

_MARGIN = HOUR
"""Deviations are looked at this far beyond a day: as long as the longest tolerance."""


@dataclass(frozen=True, slots=True)
class PersonTimes:
    """The time lines of one person, and the published pieces of her schedule."""

    pieces: Sequence[ShiftPiece]
    planned: Sequence[Span]
    done: Sequence[Span]

    def days(self, *, tolerance: int) -> Days:
        return Days.of(self.planned, self.done, tolerance=tolerance)

    def serving(self) -> list[tuple[Interval, Serves]]:
        """Return the scheduled times with the queues of each."""
        pieces = [piece for piece in self.pieces if piece.kind in WORKING_KINDS]
        edges = sorted({edge for piece in pieces for edge in piece.time})
        times = [Interval(*pair) for pair in pairwise(edges)]
        found = [(time, served(piece for piece in pieces if piece.time.overlaps(time))) for time in times]
        return [(time, serves) for time, serves in found if serves]

    def times_in(self, day: Interval, department_id: str, queue_name: str) -> list[Interval]:
        """Return the scheduled times of a day that serve a department or a queue of it."""
        return union(
            _within(time, day)
            for time, serves in self.serving()
            if time.overlaps(day) and any(code == department_id and queue_name in ("", name) for code, name in serves)
        )


def load(
    organization_id: str, day: Interval, *, at: int, people: Collection[int] | None = None
) -> dict[int, PersonTimes]:
    """Return the time lines of a day by person, as far as it has come at the instant `at`; in three queries."""
    window = Interval(day.starts - _MARGIN, min(day.ends + _MARGIN, at))
    if window.starts >= window.ends:
        return {}
    since, until = to_instant(window.starts), to_instant(window.ends)
    pieces = shift_pieces.load(organization_id, since, until, people=people)
    reported = stored_states.reported_activities(organization_id, *window, people)
    clocked, away = stored_states.clocked_states(organization_id, *window, people)
    return {
        person: _times(
            pieces.get(person, ()), reported.get(person, ()), clocked.get(person, ()), away.get(person, ()), window
        )
        for person in sorted(pieces.keys() | reported.keys() | clocked.keys())
    }


def is_recorded(organization_id: str, day: Interval, loaded: Mapping[int, PersonTimes]) -> bool:
    """Tell whether states or check-ins of that day are known, of these people or of anybody in the organization."""
    if any(each.done for each in loaded.values()):
        return True
    during = {"organization": organization_id, "starts__lt": day.ends, "ends__gt": day.starts}
    return AgentState.objects.filter(**during).exists() or StatusPeriod.objects.filter(**during).exists()


def _times(
    pieces: Iterable[ShiftPiece],
    reported: Sequence[Span],
    clocked: Sequence[Span],
    away: Iterable[Span],
    window: Interval,
) -> PersonTimes:
    published = [piece for piece in pieces if not piece.posted]
    absent = [Interval(span.starts, span.ends) for span in away]
    planned = timelines.scheduled([(piece.kind, piece.time) for piece in published], absent)
    return PersonTimes(published, clip(planned, window), clip(timelines.actual(reported, clocked), window))


def clip(spans: Iterable[Span], window: Interval) -> list[Span]:
    clipped = (
        span._replace(starts=max(span.starts, window.starts), ends=min(span.ends, window.ends)) for span in spans
    )
    return [span for span in clipped if span.starts < span.ends]


def _within(time: Interval, window: Interval) -> Interval:
    return Interval(max(time.starts, window.starts), min(time.ends, window.ends))
