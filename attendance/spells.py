"""Spells of presence from the records of one person (DOMAIN 3.7). Pure: no database, no clock."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from sys import maxsize
from typing import NamedTuple

from attendance.chains import Roster
from attendance.intervals import HOLDS
from attendance.terms import HERE, Status


class Said(NamedTuple):
    """A record."""

    time: int
    status: str
    department_id: str = ""
    checked_in_at: int | None = None
    checked_out_at: int | None = None


@dataclass(frozen=True, slots=True)
class Spell:
    """A stretch of a person's time in one status; `came_at` is set while she is there, and is when she came.

    `said_at` is the time of the record that began it, `heard_at` of the last that confirmed it. `ends` is where the
    next begins; the last one ends when nobody believes it any more. `left_at` is set from a check-out on: a check-out
    in a published break begins a spell on break, and one of absence where the break has ended.
    """

    department_id: str
    status: str
    starts: int
    ends: int
    came_at: int | None
    said_at: int
    heard_at: int
    left_at: int | None = None

    @property
    def paused(self) -> bool:
        """Whether a check-out in a break began it."""
        return self.status == Status.ON_BREAK and self.left_at is not None


def tell(spells: list[Spell], said: Said, roster: Roster) -> None:
    """Continue a person's spells by what is said of her next; records come in order of time."""
    _lapse(spells, said.time)
    if said.status in HERE:
        _come(spells, said, roster)
    elif said.status == Status.CHECKED_OUT:
        _go(spells, said, roster)
    elif _still(spells, said) == said.status:
        _confirm(spells, said, roster)
    else:
        _begin(spells, said, roster, said.status, said.time)


def finish(spells: list[Spell]) -> None:
    """Add the absence that follows a break from which nobody is known to have come back."""
    _lapse(spells, maxsize)


def rewound(spells: Sequence[Spell], time: int, roster: Roster) -> list[Spell]:
    """Return the spells as they were before anything was said at or after this time."""
    kept = [spell for spell in spells if spell.said_at < time]
    if len(kept) > 1 and kept[-2].paused and kept[-1].left_at == kept[-2].left_at and kept[-1].starts >= time:
        kept.pop()  # `finish` added it
    if kept:
        kept[-1] = _open(replace(kept[-1], heard_at=min(kept[-1].heard_at, time)), roster)
    return kept


def _come(spells: list[Spell], said: Said, roster: Roster) -> None:
    status = Status.PRESENT if said.status == Status.LATE else Status(said.status)
    here = _here(spells, said, roster)
    came_before = None if here is None else here.came_at
    came_at = _stated(spells, said, roster)
    if came_at is None and (here is None or not here.paused or status == Status.ON_BREAK):
        came_at = came_before
    if came_at is None:
        came_at = said.time
    if here is not None and (here.status, here.paused, came_before) == (status, False, came_at):
        _confirm(spells, said, roster)
    else:
        _begin(spells, said, roster, status, came_at, came_at, proves=came_at == came_before)


def _stated(spells: Sequence[Spell], said: Said, roster: Roster) -> int | None:
    """Return the check-in that a record states, where it can be the one of this presence.

    Some feeds repeat a check-in of long ago, of another chain, or the first one of the day after a break.
    """
    came_at = said.checked_in_at
    if came_at is None or said.time - came_at > HOLDS or not roster.proves(came_at, came_at, said.time):
        return None
    if roster.chain_of(said.time) not in (None, roster.home(came_at)):
        return None
    if spells and spells[-1].left_at is not None and came_at <= spells[-1].left_at:
        return said.time
    return came_at


def _go(spells: list[Spell], said: Said, roster: Roster) -> None:
    left_at = said.time if said.checked_out_at is None else said.checked_out_at
    if _gone(spells, said) and said.checked_out_at in (None, spells[-1].left_at):
        _confirm(spells, said, roster)
        return
    here = _here(spells, said, roster)
    proves, came_at = here is not None, said.checked_in_at
    if here is None and came_at is not None and _tells_a_visit(spells, came_at, left_at):
        _begin(spells, said._replace(time=left_at), roster, Status.PRESENT, came_at, came_at)
        here = spells[-1] = replace(spells[-1], said_at=said.time)
    if here is not None and left_at <= here.starts:
        left_at = said.time
    pause = None if here is None else roster.pause(left_at)
    if here is None or pause is None:
        _begin(spells, said, roster, Status.CHECKED_OUT, left_at, proves=proves)
    else:
        _begin(spells, said, roster, Status.ON_BREAK, left_at, here.came_at, proves=proves, left=True)


def _tells_a_visit(spells: Sequence[Spell], came_at: int, left_at: int) -> bool:
    """Tell whether a check-out states the check-in of a visit of which nothing was known."""
    return came_at < left_at <= came_at + HOLDS and (not spells or spells[-1].starts < came_at)


def _here(spells: Sequence[Spell], said: Said, roster: Roster) -> Spell | None:
    """Return the last spell if the person is still there by this record: presence that it continues."""
    last = spells[-1] if spells else None
    if last is None or last.came_at is None or not roster.proves(last.came_at, last.heard_at, said.time):
        return None
    other = roster.chain_of(said.time) not in (None, roster.home(last.came_at))
    return None if said.status in HERE and other else last


def _gone(spells: Sequence[Spell], said: Said) -> bool:
    """Tell whether a check-out is known."""
    return bool(spells) and (spells[-1].paused or _still(spells, said) == Status.CHECKED_OUT)


def _still(spells: Sequence[Spell], said: Said) -> str | None:
    """Return the status that is believed when the next record comes."""
    return spells[-1].status if spells and said.time - spells[-1].heard_at <= HOLDS else None


def _confirm(spells: list[Spell], said: Said, roster: Roster) -> None:
    spells[-1] = _open(replace(spells[-1], heard_at=said.time), roster)


def _begin(
    spells: list[Spell],
    said: Said,
    roster: Roster,
    status: str,
    since: int,
    came_at: int | None = None,
    *,
    proves: bool = False,
    left: bool = False,
) -> None:
    """Begin a spell at `since`; at the record's time where something later was said already.

    `proves`: the record proves that the spell before lasted until then, however long it was believed.
    """
    starts = since
    if spells:
        last = spells[-1]
        starts = since if since > last.starts else said.time
        lasts = proves and not last.paused
        spells[-1] = replace(last, ends=starts if lasts else min(last.ends, starts))
    left_at = starts if left or status == Status.CHECKED_OUT else None
    spell = Spell(said.department_id, status, starts, starts, came_at, said.time, said.time, left_at)
    spells.append(_open(spell, roster))


def _open(spell: Spell, roster: Roster) -> Spell:
    """Return the spell with the end that it has while nothing more is said."""
    if spell.paused and spell.left_at is not None:
        ends = roster.pause(spell.left_at) or spell.ends
    elif spell.came_at is not None:
        ends = roster.ends(spell.came_at, spell.heard_at)
    else:
        ends = max(spell.starts, spell.heard_at) + HOLDS
    return replace(spell, ends=ends)


def _lapse(spells: list[Spell], time: int) -> None:
    """Let a person who has not come back from a break be gone since its end."""
    if spells and spells[-1].paused and spells[-1].ends <= time:
        last = spells[-1]
        ends = max(last.ends, last.heard_at) + HOLDS
        spells.append(replace(last, status=Status.CHECKED_OUT.value, starts=last.ends, ends=ends, came_at=None))
