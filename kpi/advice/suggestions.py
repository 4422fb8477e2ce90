"""Ranked suggestions for queues in trouble, each with its effect on every queue that it touches. Pure.

The effects come from the model of the figures: a suggestion's "before" is what the tile and what-if show.
"""

from bisect import bisect_left
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from kpi.advice.conditions import (
    breaks_target,
    can_give,
    harms,
    has_spare,
    helps,
    in_trouble,
    is_calm,
    is_met,
)
from kpi.day.day_end import HeadChange, HeadSpan
from kpi.day.outcomes import Outcome, Situation, outcome
from kpi.pipeline.inputs import Key, Rules, Thresholds

Kind = Literal["move", "hold_breaks", "call_in", "time_off"]
KINDS: tuple[Kind, ...] = ("move", "hold_breaks", "call_in", "time_off")
"""Cheapest first."""
CALLED_IN_AFTER = timedelta(minutes=30)
CALLED_IN_FOR = timedelta(hours=4)
CAUGHT_UP_WITHIN = timedelta(hours=1)
"""Held breaks are taken within this time after they were held."""
MOST_CALLED_IN = 50
MOST_DONORS = 8


class ComingBreak(NamedTuple):
    """A break that has not begun, of a person at work who serves these queues."""

    serves: frozenset[Key]
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Something to do for `key` from `starts_at` until `until`; `outcomes` holds (before, after) of each queue that it
    touches, its own first."""

    kind: Kind
    key: Key
    agents: int
    starts_at: datetime
    until: datetime
    outcomes: Mapping[Key, tuple[Outcome, Outcome]]
    source: Key | None = None


@dataclass
class Adviser:
    """A situation, the breaks to come in it, and the outcomes that were worked out already. `within` are the queues
    that the caller may touch."""

    situation: Situation
    end_of_day: datetime
    breaks: Sequence[ComingBreak] = ()
    within: Collection[Key] | None = None
    _movable: Mapping[tuple[Key, Key], int] = field(init=False)
    _known: dict[tuple[Key, tuple[HeadSpan, ...]], Outcome] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._movable = self.situation.movable

    def suggestions(self, queues: Collection[Key]) -> list[Suggestion]:
        """Return suggestions for these queues: those of the queue worst off first, the best of a queue first."""
        judged = [key for key in queues if self._is_known(key)]
        hurt = [key for key in judged if in_trouble(self.outcome(key), self._rules(key), self._thresholds(key))]
        hurt.sort(key=self._rank_of_queue)
        found = [each for key in hurt for each in self._ranked(key)]
        calm = sorted(set(judged) - set(hurt))
        return found + [each for key in calm for each in self._time_off(key)]

    def outcome(self, key: Key, change: HeadChange = ()) -> Outcome:
        name = key, tuple(change)
        if name not in self._known:
            self._known[name] = outcome(self.situation, key, change)
        return self._known[name]

    # --- of one queue ------------------------------------------------------------------------------------------------
    def _ranked(self, key: Key) -> list[Suggestion]:
        found = [*self._moves(key), *self._held_breaks(key), *self._called_in(key)]
        return sorted((each for each in found if self._is_sound(each)), key=self._rank)

    def _moves(self, key: Key) -> Iterator[Suggestion]:
        until = self._until(key)
        for source, heads in self._donors(key):
            agents = self._enough(key, self._spare(source, heads, until), until)
            if agents:
                yield self._suggestion("move", key, agents, self._at, until, source)

    def _donors(self, key: Key) -> list[tuple[Key, int]]:
        """Return queues within their target whose people serve this one too, the best covered first."""
        found = [
            (source, heads)
            for (source, target), heads in self._movable.items()
            if target == key and self._is_known(source) and self._may_touch(source) and self._gives(source, 0, self._at)
        ]
        found.sort(key=lambda each: (-each[1], each[0]))
        return found[:MOST_DONORS]

    def _spare(self, source: Key, most: int, until: datetime) -> int:
        return _last(most, lambda agents: self._gives(source, agents, until))

    def _gives(self, source: Key, agents: int, until: datetime) -> bool:
        before, after = self.outcome(source), self.outcome(source, self._fewer(agents, until))
        rules = self._rules(source)
        return can_give(after, rules, self._thresholds(source)) and not breaks_target(before, after, rules)

    def _held_breaks(self, key: Key) -> Iterator[Suggestion]:
        until = self._until(key)
        held = [each for each in self.breaks if key in each.serves and self._at <= each.start < until]
        if held:
            yield self._with("hold_breaks", key, len(held), self._at, until, _held(held, until))

    def _called_in(self, key: Key) -> Iterator[Suggestion]:
        """Return people who are called in and come in half an hour, where the hours after it are short of heads."""
        start = self._at + CALLED_IN_AFTER
        until = min(self.end_of_day, start + CALLED_IN_FOR)
        if start >= until or self.outcome(key).agents is None:
            return
        missing = self._missing(key, start, until)
        if missing:
            yield self._with("call_in", key, missing, start, until, (HeadSpan(start, until, missing),))

    def _missing(self, key: Key, start: datetime, until: datetime) -> int:
        """Return the least heads with which the intervals that begin in this time meet the target together."""
        if self._rules(key).deferred:
            found = self.outcome(key)
            return min(MOST_CALLED_IN, max(0, (found.required or 0) - (found.agents or 0)))
        for agents in range(MOST_CALLED_IN + 1):
            level = self.situation.level_between(key, start, until, (HeadSpan(start, until, agents),))
            if level is None or is_met(level, self._rules(key)):
                return 0 if level is None else agents
        return MOST_CALLED_IN

    def _time_off(self, key: Key) -> Iterator[Suggestion]:
        """Return the heads that nobody would miss, and until when."""
        until = self._until(key)
        found = self.outcome(key)
        surplus = (found.agents or 0) - (found.required or 0)
        spare = _last(surplus, lambda n: self._spares(key, n, until))
        if spare and self._may_touch(key):
            yield self._suggestion("time_off", key, spare, self._at, self._longest(key, spare, until))

    def _spares(self, key: Key, agents: int, until: datetime) -> bool:
        before, change = self.outcome(key), self._fewer(agents, until)
        after, rules = self.outcome(key, change), self._rules(key)
        coming = self.situation.level_between(key, self._at, until, change)
        enough = coming is None or is_met(coming, rules)
        return enough and has_spare(after, rules, self._thresholds(key)) and not breaks_target(before, after, rules)

    def _longest(self, key: Key, agents: int, until: datetime) -> datetime:
        """Return the end of the last interval in a row that needs nobody more."""
        for each in self.situation.worked.measured[key].inputs.rest:
            if each.end <= until:
                continue
            if each.start > until or not self._spares(key, agents, each.end):
                break
            until = each.end
        return until

    # --- how many ----------------------------------------------------------------------------------------------------
    def _enough(self, key: Key, most: int, until: datetime) -> int:
        """Return the least heads, up to `most`, that bring the queue within its target; if none do, all of them."""
        if most < 1:
            return 0
        before, best = self.outcome(key), self.outcome(key, self._more(most, until))
        savable = is_met(best.interval_level, self._rules(key))

        def is_enough(agents: int) -> bool:
            after = self.outcome(key, self._more(agents, until))
            met = is_met(after.interval_level, self._rules(key)) or not savable
            return met and is_calm(after, self._thresholds(key)) and helps(before, after)

        return most if not is_enough(most) else _first(most, is_enough)

    # --- parts -------------------------------------------------------------------------------------------------------
    def _suggestion(
        self, kind: Kind, key: Key, agents: int, start: datetime, until: datetime, source: Key | None = None
    ) -> Suggestion:
        change = self._fewer(agents, until) if kind == "time_off" else self._more(agents, until)
        found = self._with(kind, key, agents, start, until, change)
        if source is None:
            return found
        gone = self.outcome(source), self.outcome(source, self._fewer(agents, until))
        return Suggestion(kind, key, agents, start, until, {**found.outcomes, source: gone}, source)

    def _with(
        self, kind: Kind, key: Key, agents: int, start: datetime, until: datetime, change: HeadChange
    ) -> Suggestion:
        outcomes = {key: (self.outcome(key), self.outcome(key, change))}
        return Suggestion(kind, key, agents, start, until, outcomes)

    def _more(self, agents: int, until: datetime) -> HeadChange:
        return (HeadSpan(self._at, until, agents),) if agents else ()

    def _fewer(self, agents: int, until: datetime) -> HeadChange:
        return (HeadSpan(self._at, until, -agents),) if agents else ()

    def _is_sound(self, found: Suggestion) -> bool:
        before, after = found.outcomes[found.key]
        broken = (breaks_target(*pair, self._rules(key)) for key, pair in found.outcomes.items())
        return helps(before, after) and not harms(before, after) and not any(broken)

    def _rank(self, found: Suggestion) -> tuple[bool, float, float, int, int]:
        """Order what brings the queue within its target before the rest; then the greater gain, then what costs
        less."""
        before, after = found.outcomes[found.key]
        solves = is_met(after.interval_level, self._rules(found.key)) and is_calm(after, self._thresholds(found.key))
        interval = (after.interval_level or 0.0) - (before.interval_level or 0.0)
        day = (after.day_level or 0.0) - (before.day_level or 0.0)
        cost = KINDS.index(found.kind)
        if solves:
            return False, 0.0, 0.0, cost, found.agents
        return True, -round(interval, 2), -round(day, 3), cost, found.agents

    def _rank_of_queue(self, key: Key) -> tuple[float, float, Key]:
        found = self.outcome(key)
        return -(found.outlook_risk or found.risk or 0.0), found.interval_level or 0.0, key

    def _until(self, key: Key) -> datetime:
        """Return the end of the next interval, the first that can be saved as a whole."""
        end = self.situation.interval_end(key)
        return min(self.end_of_day, end + (end - self.situation.worked.measured[key].start))

    def _is_known(self, key: Key) -> bool:
        """Return whether figures of the queue can be believed: open, fresh, its volume not suspect."""
        worked = self.situation.worked
        part = worked.queues.get(key)
        believed = part is not None and key in worked.demands and part.closed_until is None and part.drop is None
        return believed and self.outcome(key).interval_level is not None

    def _may_touch(self, key: Key) -> bool:
        return self.within is None or key in self.within

    def _rules(self, key: Key) -> Rules:
        return self.situation.rules(key)

    @property
    def _at(self) -> datetime:
        return self.situation.at

    def _thresholds(self, key: Key) -> Thresholds:
        """The organization's, with those of the queue's own."""
        return self.situation.near.judging.thresholds._replace(**dict(self._rules(key).limits))


def _held(held: Sequence[ComingBreak], until: datetime) -> HeadChange:
    """Heads that are there because their breaks are held, and those that are not while the breaks are caught up."""
    there = [HeadSpan(each.start, min(each.end, until), 1.0) for each in held]
    seconds = sum((span.end - span.start).total_seconds() for span in there)
    later = HeadSpan(until, until + CAUGHT_UP_WITHIN, -seconds / CAUGHT_UP_WITHIN.total_seconds())
    return (*there, later)


def _first(most: int, holds: Callable[[int], bool]) -> int:
    """Return the least number from 1 on, up to `most`, for which something holds that holds for all larger ones."""
    return 1 + bisect_left(range(1, most), True, key=holds)


def _last(most: int, holds: Callable[[int], bool]) -> int:
    """Return the largest number up to `most` for which something holds that holds for all smaller ones."""
    most = max(0, most)
    return most - bisect_left(range(most), True, key=lambda fewer: holds(most - fewer))
