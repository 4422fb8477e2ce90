"""People by the queues that they serve: heads at an instant, and scheduled working time. A person is one head."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from django.db.models import Q

from attendance.chains import JOINS
from attendance.instants import instant, micros
from attendance.intervals import EARLY, HOLDS, HOUR, Interval, union, without
from attendance.models import Duty, Shift, Spell
from attendance.terms import AWAY, HERE, ON_DUTY, Kind, Status

Serves = frozenset[tuple[str, str]]
"""(department_id, queue_name); the name is '' where the shift names no queue."""

_DAY = 24 * HOUR
_AROUND = timedelta(hours=12)


class SkillGroup(NamedTuple):
    """People who serve the same queues at an instant, each counted once.

    `scheduled` are on duty by their shifts and not away; `available` are there and neither on break nor in training.
    """

    serves: Serves
    scheduled: int
    available: int


class GroupSpan(NamedTuple):
    """Scheduled working time of one person. `breaks_published`: her breaks are cut out of it already."""

    serves: Serves
    start: datetime
    end: datetime
    breaks_published: bool


class _Piece(NamedTuple):
    """A shift that is not cancelled."""

    person: int
    kind: str
    posted: bool
    serves: Serves
    time: Interval


# --- heads at an instant ---------------------------------------------------------------------------------------------
def skill_groups(organization_id: str, *, at: datetime) -> list[SkillGroup]:
    """Return the groups of an instant in three queries; the counts of all groups add up to distinct people."""
    pieces = _by_person(_pieces(organization_id, at, at + timedelta(microseconds=1)))
    duties, last = _duties(organization_id, at), _last_spells(organization_id, micros(at))
    heads: dict[Serves, list[int]] = {}
    for person in sorted(duties.keys() | last.keys()):
        found = _head(pieces.get(person, ()), duties.get(person, ()), last.get(person), micros(at))
        if found is not None:
            serves, scheduled, available = found
            counted = heads.setdefault(serves, [0, 0])
            counted[0] += scheduled
            counted[1] += available
    return [SkillGroup(serves, *heads[serves]) for serves in sorted(heads, key=sorted)]


def _head(
    pieces: Collection[_Piece], duties: Collection[Interval], spell: Spell | None, at: int
) -> tuple[Serves, bool, bool] | None:
    """Return what one person serves, whether she is scheduled and whether she is available; None if she is neither."""
    covering = [duty for duty in duties if duty.starts <= at < duty.ends]
    here = spell is not None and spell.ends > at and spell.status in HERE
    ready = here and spell is not None and spell.status == Status.PRESENT
    if not covering:
        return _unscheduled(duties, spell, at, ready=ready) if here and spell is not None else None
    if spell is not None and spell.status in AWAY and spell.ends > min(covering).starts:
        return None
    serves = _served(pieces)
    if not serves:
        return None
    return serves, True, ready and all(piece.kind == Kind.WORK for piece in pieces)


def _unscheduled(
    duties: Collection[Interval], spell: Spell, at: int, *, ready: bool
) -> tuple[Serves, bool, bool] | None:
    """Return the head of a person who is there without a shift, neither early for one nor staying longer."""
    came_at = at if spell.came_at is None else spell.came_at
    near = (duty for duty in duties if duty.starts <= min(at + EARLY, came_at + JOINS))
    if not spell.department_id or any(duty.ends > came_at for duty in near):
        return None
    return frozenset([(spell.department_id, "")]), False, ready


def _served(pieces: Collection[_Piece]) -> Serves:
    """Work says what somebody serves; breaks and training say it only where no work covers them."""
    on_duty = [piece for piece in pieces if piece.kind in ON_DUTY]
    work = [piece for piece in on_duty if piece.kind == Kind.WORK]
    return frozenset[tuple[str, str]]().union(*(piece.serves for piece in work or on_duty))


def _duties(organization_id: str, at: datetime) -> dict[int, list[Interval]]:
    """Return duties near the instant by person, without leave."""
    time = micros(at)
    rows = Duty.objects.filter(
        organization=organization_id,
        of_organization=True,
        on_leave=False,
        starts__lte=time + EARLY,
        ends__gt=time - HOLDS,
    )
    found: dict[int, list[Interval]] = {}
    for person, starts, ends in rows.values_list("person_id", "starts", "ends"):
        found.setdefault(person, []).append(Interval(starts, ends))
    return found


def _last_spells(organization_id: str, at: int) -> dict[int, Spell]:
    """Return the spell of each person that covers the instant, else her leave of the last day."""
    recent = Q(ends__gt=at) | Q(ends__gt=at - _DAY, status__in=AWAY)
    rows = Spell.objects.filter(recent, organization=organization_id, starts__lte=at).order_by("starts")
    fields = ("id", "person_id", "department_id", "status", "starts", "ends", "came_at")
    return {row.person_id: row for row in rows.only(*fields)}


# --- scheduled working time ------------------------------------------------------------------------------------------
def group_spans(
    organization_id: str,
    *,
    since: datetime,
    until: datetime,
    department_id: str | None = None,
    queue_name: str | None = None,
) -> list[GroupSpan]:
    """Return the working time that meets [since, until), without breaks, training and leave, in one query.

    A person has one span at a time, which serves the queues of all her shifts of that time. A department and a queue
    select the spans that serve one of them; these still name all that they serve.
    """
    asked = Interval(micros(since), micros(until))
    found: list[GroupSpan] = []
    for pieces in _by_person(_pieces(organization_id, since - _AROUND, until + _AROUND)).values():
        published = any(piece.kind == Kind.BREAK for piece in pieces)
        for serves, time in _spans(pieces):
            if time.meets(asked) and _selected(serves, department_id, queue_name):
                found.append(GroupSpan(serves, instant(time.starts), instant(time.ends), published))
    return sorted(found, key=lambda span: (span.start, span.end))


def _spans(pieces: Collection[_Piece]) -> Iterator[tuple[Serves, Interval]]:
    """Yield stretches of one person's work that serve the same queues."""
    work = [piece for piece in pieces if piece.kind == Kind.WORK]
    free = without(union(piece.time for piece in work), [piece.time for piece in pieces if piece.kind != Kind.WORK])
    parts: list[tuple[Serves, Interval]] = []
    if len({piece.serves for piece in work}) == 1:  # the usual case, for the sake of speed
        yield from ((work[0].serves, time) for time in free)
        return
    for whole in free:
        for time in _cut(whole, (edge for piece in work for edge in piece.time)):
            serves = _served([piece for piece in work if piece.time.meets(time)])
            joins = bool(parts) and parts[-1][0] == serves and parts[-1][1].ends == time.starts
            starts = parts.pop()[1].starts if joins else time.starts
            parts.append((serves, Interval(starts, time.ends)))
    yield from parts


def _cut(whole: Interval, edges: Iterable[int]) -> Iterator[Interval]:
    inner = {edge for edge in edges if whole.starts < edge < whole.ends}
    yield from (Interval(*pair) for pair in pairwise(sorted({*whole, *inner})))


def _selected(serves: Serves, department_id: str | None, queue_name: str | None) -> bool:
    return any(department_id in (None, code) and queue_name in (None, name) for code, name in serves)


# --- shifts ----------------------------------------------------------------------------------------------------------
def _pieces(organization_id: str, since: datetime, until: datetime) -> Iterator[_Piece]:
    rows = Shift.objects.filter(organization=organization_id, start__lt=until, end__gt=since, cancelled=False)
    fields = ("person_id", "kind", "posted", "department_id", "queue_names", "start", "end")
    for person, kind, posted, code, names, start, end in rows.order_by("person_id", "start").values_list(*fields):
        yield _Piece(person, kind, posted, _serves(code, tuple(names)), Interval(micros(start), micros(end)))


@lru_cache(maxsize=4096)
def _serves(department_id: str, queue_names: tuple[str, ...]) -> Serves:
    return frozenset((department_id, name) for name in queue_names or ("",))


def _by_person(pieces: Iterable[_Piece]) -> Mapping[int, list[_Piece]]:
    """Group shifts by person; those that only came with a record give way to published ones that they meet."""
    found: dict[int, list[_Piece]] = {}
    for piece in pieces:
        found.setdefault(piece.person, []).append(piece)
    return {person: _without_superseded(group) for person, group in found.items()}


def _without_superseded(pieces: list[_Piece]) -> list[_Piece]:
    published = [piece for piece in pieces if not piece.posted and piece.kind in ON_DUTY]
    return [
        piece for piece in pieces if not (piece.posted and any(piece.time.meets(other.time) for other in published))
    ]
