"""Shifts as they count: without cancelled ones, and without posted ones that give way to published ones."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from attendance.choices import WORKING_KINDS, ShiftKind
from attendance.microseconds import to_microseconds
from attendance.models import Shift
from attendance.presence.intervals import Interval

Serves = frozenset[tuple[str, str]]
"""(department_id, queue_name); the name is '' where the shift names no queue."""


class ShiftPiece(NamedTuple):
    """A shift that is not cancelled. `posted`: it came with a record rather than with the published schedule."""

    person: int
    kind: str
    posted: bool
    serves: Serves
    time: Interval


Pieces = Mapping[int, list[ShiftPiece]]
"""Pieces by the primary key of their person, in order."""


def load(organization_id: str, since: datetime, until: datetime, *, people: Collection[int] | None = None) -> Pieces:
    """Return the pieces that meet [since, until), of these people or of all."""
    rows = Shift.objects.filter(organization=organization_id, start__lt=until, end__gt=since, cancelled=False)
    if people is not None:
        rows = rows.filter(person__in=people)
    return _by_person(_pieces(rows.order_by("person_id", "start").values_list(*_FIELDS)))


_FIELDS = ("person_id", "kind", "posted", "department_id", "queue_names", "start", "end")


def _pieces(rows: Iterable[tuple[int, str, bool, str, list[str], datetime, datetime]]) -> Iterator[ShiftPiece]:
    for person, kind, posted, code, names, start, end in rows:
        time = Interval(to_microseconds(start), to_microseconds(end))
        yield ShiftPiece(person, kind, posted, _serves(code, tuple(names)), time)


@lru_cache(maxsize=4096)
def _serves(department_id: str, queue_names: tuple[str, ...]) -> Serves:
    return frozenset((department_id, name) for name in queue_names or ("",))


def _by_person(pieces: Iterable[ShiftPiece]) -> Pieces:
    found: dict[int, list[ShiftPiece]] = {}
    for piece in pieces:
        found.setdefault(piece.person, []).append(piece)
    return {person: _without_superseded(group) for person, group in found.items()}


def _without_superseded(pieces: list[ShiftPiece]) -> list[ShiftPiece]:
    published = [piece for piece in pieces if not piece.posted and piece.kind in WORKING_KINDS]
    return [
        piece for piece in pieces if not (piece.posted and any(piece.time.overlaps(other.time) for other in published))
    ]


def served(pieces: Iterable[ShiftPiece]) -> Serves:
    """Return the queues that work shifts name; breaks and training count only where no work covers them."""
    working = [piece for piece in pieces if piece.kind in WORKING_KINDS]
    work = [piece for piece in working if piece.kind == ShiftKind.WORK]
    return frozenset[tuple[str, str]]().union(*(piece.serves for piece in work or working))
