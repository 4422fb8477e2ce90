"""Shares the heads of people with several skills among their queues (DOMAIN 3.3)."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

Key = tuple[str, str]
"""A queue: (department_id, queue_name)."""

SWEEPS = 60
SETTLED = 1e-3
"""Heads. Sharing stops when no group moves more than this; `NOISE` keeps the rest of the way out of the rounding."""
NOISE = 1e-2


@dataclass(slots=True)
class _Group:
    """People with the same skills. The lists run parallel: `shares` are real heads, `placed` whole ones."""

    queues: list[int]
    heads: int
    weights: list[float] = field(default_factory=list)
    shares: list[float] = field(default_factory=list)
    placed: list[int] = field(default_factory=list)
    free: int = 0


def share_heads(groups: Iterable[tuple[frozenset[Key], int]], required: Mapping[Key, float]) -> dict[Key, int]:
    """Return the whole heads of each queue, from groups of people with the same skills and the heads required.

    Single-skilled heads stay in their queue. The others raise the lowest coverage (heads / required) as far as they
    can, and are rounded by largest remainder within what the skills allow: all queues together get all heads, and
    everyone has a place among her own queues. A queue that requires nobody, or whose requirement is unknown, gets a
    head only from people none of whose queues requires anyone; these spread evenly. People without a queue are left
    out. Every queue of `required` and of the groups is in the answer.
    """
    keys, heads, _ = _shared_out(groups, required)
    return dict(zip(keys, heads, strict=True))


def movable_heads(
    groups: Iterable[tuple[frozenset[Key], int]], required: Mapping[Key, float]
) -> dict[tuple[Key, Key], int]:
    """Return how many heads `share_heads` counts in one queue who serve another one too, by (from, to)."""
    keys, _, shared = _shared_out(groups, required)
    found: Counter[tuple[Key, Key]] = Counter()
    for group in shared:
        for place, heads in enumerate(group.placed):
            source = group.queues[place]
            for target in group.queues:
                if heads and target != source:
                    found[keys[source], keys[target]] += heads
    return dict(found)


def _shared_out(
    groups: Iterable[tuple[frozenset[Key], int]], required: Mapping[Key, float]
) -> tuple[list[Key], list[int], list["_Group"]]:
    """Return the queues, their heads, and the groups that have a choice, with their places."""
    people: Counter[frozenset[Key]] = Counter()
    for skills, heads in groups:
        people[skills] += max(0, heads)
    keys = sorted({*required, *(key for skills in people for key in skills)})
    needs = [max(0.0, required.get(key, 0.0)) for key in keys]
    index = {key: place for place, key in enumerate(keys)}
    totals, shared = _split(people, index, needs)
    weights = [need or 1.0 for need in needs]
    return keys, _shared_heads(shared, totals, weights), shared


def _split(
    people: Mapping[frozenset[Key], int], index: Mapping[Key, int], needs: Sequence[float]
) -> tuple[list[int], list[_Group]]:
    """Return the heads that have one place only, and the groups that have a choice, in a fixed order."""
    totals = [0] * len(needs)
    choices: Counter[tuple[int, ...]] = Counter()
    for skills, heads in people.items():
        places = sorted(index[key] for key in skills)
        choices[tuple([place for place in places if needs[place]] or places)] += heads
    for queues, heads in choices.items():
        if len(queues) == 1:
            totals[queues[0]] += heads
    shared = [(queues, heads) for queues, heads in choices.items() if len(queues) > 1 and heads]
    return totals, [_Group(list(queues), heads) for queues, heads in sorted(shared)]


def _shared_heads(groups: Sequence[_Group], singles: list[int], weights: Sequence[float]) -> list[int]:
    if not groups:
        return singles
    levels = _water_filled(groups, singles, weights)
    return _Rounding(groups, singles, weights, levels).heads()


# --- real heads ------------------------------------------------------------------------------------------------------
def _water_filled(groups: Sequence[_Group], singles: Sequence[int], weights: Sequence[float]) -> list[float]:
    """Return real heads of each queue: every group in turn fills its lowest queues, until nothing moves.

    Each turn lowers the sum of heads^2 / required, whose least value is the fairest coverage.
    """
    totals = [float(heads) for heads in singles]
    for group in groups:
        group.shares = [0.0] * len(group.queues)
        group.weights = [weights[queue] for queue in group.queues]
    moving: Sequence[_Group] = groups
    for _ in range(SWEEPS):
        moved = set[int]()
        for group in moving:
            _fill(group, totals, moved)
        moving = [group for group in groups if not moved.isdisjoint(group.queues)]
        if not moving:
            break
    return totals


def _fill(group: _Group, totals: list[float], moved: set[int]) -> None:
    """Pour the group's heads anew over what others brought; note the queues whose heads changed."""
    others = [totals[queue] - share for queue, share in zip(group.queues, group.shares, strict=True)]
    level = _level(others, group.weights, group.heads)
    for place, (queue, other, weight) in enumerate(zip(group.queues, others, group.weights, strict=True)):
        share = level * weight - other
        if share < 0:
            share = 0.0
        if not -SETTLED <= share - group.shares[place] <= SETTLED:
            moved.add(queue)
        totals[queue] = other + share
        group.shares[place] = share


def _level(others: Sequence[float], weights: Sequence[float], heads: float) -> float:
    """Return the coverage to which `heads` raise the lowest of these queues."""
    reached = [(other / weight, other, weight) for other, weight in zip(others, weights, strict=True)]
    reached.sort()
    level, poured, width = 0.0, heads, 0.0
    for start, other, weight in reached:
        if width and level <= start:
            break
        poured, width = poured + other, width + weight
        level = poured / width
    return level


# --- whole heads -----------------------------------------------------------------------------------------------------
class _Rounding:
    """Places whole heads one after the other: a queue's whole part first, then by largest remainder.

    A head that finds its people taken elsewhere makes room along a chain of groups (an augmenting path). Where no
    chain ends at free people, the queues that were looked at have all that they can ever get.
    """

    def __init__(
        self, groups: Sequence[_Group], singles: Sequence[int], weights: Sequence[float], levels: Sequence[float]
    ) -> None:
        self.groups, self.singles, self.weights, self.levels = groups, singles, weights, levels
        self.totals = list(singles)
        self.full = set[int]()
        self.serving: dict[int, list[tuple[_Group, int]]] = {}
        for group in groups:
            group.placed = [int(share) for share in group.shares]
            group.free = group.heads - sum(group.placed)
            for place, queue in enumerate(group.queues):
                self.totals[queue] += group.placed[place]
                self.serving.setdefault(queue, []).append((group, place))

    def heads(self) -> list[int]:
        for queue in self.serving:
            for _ in range(math.floor(self.levels[queue] + NOISE) - self.totals[queue]):
                self._place(queue)
        left = sum(group.free for group in self.groups)
        while left:
            for queue in sorted(self.serving, key=self._rank):
                left -= left > 0 and self._place(queue)
        return self.totals

    def _rank(self, queue: int) -> tuple[float, float, int]:
        remainder = round((self.levels[queue] - self.totals[queue]) / NOISE)
        return -remainder, self.totals[queue] / self.weights[queue], queue

    def _place(self, queue: int) -> bool:
        """Give the queue one head more; False where its people are all needed where they are."""
        came_from: dict[int, tuple[_Group, int, int]] = {}
        seen, waiting = {queue}, [queue]
        for reached in waiting:
            if reached in self.full:
                continue
            for group, place in self.serving[reached]:
                if group.free:
                    group.free -= 1
                    group.placed[place] += 1
                    self._pass_on(reached, came_from)
                    self.totals[queue] += 1
                    return True
                for other, heads in enumerate(group.placed):
                    target = group.queues[other]
                    if heads and target not in seen:
                        seen.add(target)
                        waiting.append(target)
                        came_from[target] = (group, place, other)
        self.full |= seen
        return False

    def _pass_on(self, reached: int, came_from: Mapping[int, tuple[_Group, int, int]]) -> None:
        """Move one head of each group along the chain: out of the queue that was reached, into the one before it."""
        while reached in came_from:
            group, place, other = came_from[reached]
            group.placed[other] -= 1
            group.placed[place] += 1
            reached = group.queues[place]
