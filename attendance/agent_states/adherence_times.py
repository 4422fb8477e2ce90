"""Adherence to the schedule and conformance with it, as times that add up (DOMAIN 1.2). Pure: no database, no clock."""

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from attendance.agent_states.timelines import Span, deviations
from attendance.choices import Activity
from attendance.presence.intervals import Interval

_ON_DUTY = (Activity.WORK, Activity.TRAINING)


class AdherenceTimes(NamedTuple):
    """Microseconds. Adherence is adherent / scheduled; conformance is worked / due, which may exceed 1.

    `due` and `worked` are scheduled and actual time of work and training, without breaks.
    """

    scheduled: int = 0
    adherent: int = 0
    due: int = 0
    worked: int = 0

    def plus(self, other: "AdherenceTimes") -> "AdherenceTimes":
        return AdherenceTimes(*(a + b for a, b in zip(self, other, strict=True)))

    @property
    def out(self) -> int:
        return self.scheduled - self.adherent

    @property
    def adherence(self) -> float | None:
        """Percent; None without scheduled time."""
        return 100.0 * self.adherent / self.scheduled if self.scheduled else None

    @property
    def conformance(self) -> float | None:
        """Percent; None without time of work that is due."""
        return 100.0 * self.worked / self.due if self.due else None


class Days(NamedTuple):
    """The time lines of a person, and her deviations of more than the tolerance."""

    planned: Sequence[Span]
    done: Sequence[Span]
    out: Sequence[Interval]

    @classmethod
    def of(cls, planned: Sequence[Span], done: Sequence[Span], *, tolerance: int) -> "Days":
        """A deviation of at most the tolerance counts as adherent; a longer one counts from its beginning."""
        return cls(planned, done, [each for each in deviations(planned, done) if each.ends - each.starts > tolerance])

    def within(self, times: Collection[Interval]) -> AdherenceTimes:
        """Return the times inside these disjoint intervals."""
        planned = _overlap(self.planned, times)
        return AdherenceTimes(
            scheduled=planned,
            adherent=planned - _overlap(self.out, times),
            due=_overlap((span for span in self.planned if span.what in _ON_DUTY), times),
            worked=_overlap((span for span in self.done if span.what in _ON_DUTY), times),
        )


def _overlap(spans: Iterable[Span | Interval], times: Collection[Interval]) -> int:
    return sum(max(0, min(span.ends, time.ends) - max(span.starts, time.starts)) for span in spans for time in times)
