"""The time of people minute by minute: what they are to do, and what their records tell (DOMAIN 3.7).

It knows nothing of periods or SQL: it holds an array of minutes for each person and paints what each record says into
it.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

DEPARTMENTS = ("dept_456", "dept_789")
BERLIN = ZoneInfo("Europe/Berlin")
# By midnight of the first of three days: from which minute on the clock on the wall is changed, and by what.
WEEKENDS = {
    datetime(2026, 1, 30, tzinfo=BERLIN): (0, 0),
    datetime(2026, 3, 28, tzinfo=BERLIN): (26 * 60, -60),  # on the 29th at two it is three
    datetime(2026, 10, 24, tzinfo=BERLIN): (27 * 60, 60),  # on the 25th at three it is two
}
GRACE, EARLY, JOINS, GAP, NO_SHOW, HOLDS = 5, 60, 240, 120, 120, 960
HERE, ON_DUTY = ("present", "late", "on_break", "training"), ("work", "break", "training")
AWAY_KINDS = ("leave", "on_leave", "day_off")


class Planned(NamedTuple):
    """Minutes from the first midnight on."""

    person: str
    department: str
    kind: str
    start: int
    end: int
    cancelled: bool = False


class Stated(NamedTuple):
    person: str
    minute: int
    status: str
    came: int | None = None
    went: int | None = None


class Cell(NamedTuple):
    """The known status of a person in a minute, its start, and her check-in if she is present."""

    status: str
    since: int
    came: int | None = None
    left: int | None = None


# --- the reference ---------------------------------------------------------------------------------------------------
class Minutes:
    """One person: what she is to do and what she does, minute by minute."""

    def __init__(self, planned: Iterable[Planned], stated: Iterable[Stated]) -> None:
        self.planned = [each for each in planned if not each.cancelled]
        self.known: dict[tuple[tuple[str, ...], str], set[int]] = {}
        self.leave = self.minutes("leave")
        self.on_duty = self.minutes(*ON_DUTY) - self.minutes(*AWAY_KINDS)
        self.breaks = self.minutes("break")
        self.chain_number = self.chains()
        self.cells: dict[int, Cell] = {}
        self.current, self.heard = Cell("unknown", -(10**6)), -(10**6)
        for each in sorted(stated, key=lambda each: each.minute):
            self.take(each)

    def minutes(self, *kinds: str, department: str = "") -> set[int]:
        if (kinds, department) not in self.known:
            self.known[kinds, department] = self.minutes_of(kinds, department)
        return self.known[kinds, department]

    def minutes_of(self, kinds: tuple[str, ...], department: str) -> set[int]:
        wanted = [each for each in self.planned if each.kind in kinds and department in ("", each.department)]
        return {minute for each in wanted for minute in range(each.start, each.end)}

    def chains(self) -> dict[int, int]:
        """Minute -> number of its chain, of which short gaps are a part."""
        found: dict[int, int] = {}
        last = None
        for minute in sorted(self.on_duty):
            joins = last is not None and minute - last - 1 <= GAP
            found[minute] = found[last] if joins and last is not None else len(found)
            if joins and last is not None:
                found |= dict.fromkeys(range(last + 1, minute), found[minute])
            last = minute
        return found

    def belongs(self, minute: int, within: int) -> int | None:
        return next((self.chain_number[m] for m in range(minute, minute + within + 1) if m in self.chain_number), None)

    def end_of(self, came: int, heard: int) -> int:
        """The later of what is known by the shift and by records."""
        home = self.belongs(came, JOINS)
        return heard if home is None else max(heard, 1 + max(m for m, n in self.chain_number.items() if n == home))

    def next_start(self, came: int) -> int:
        home = self.belongs(came, JOINS)
        later = (m for m, n in self.chain_number.items() if m > came and n != home and (home is None or n > home))
        return min(later, default=10**6)

    def continues(self, came: int, heard: int, minute: int) -> bool:
        return minute - self.end_of(came, heard) <= HOLDS and minute < self.next_start(came)

    def pause(self, left: int) -> int | None:
        """The end of the break that a clock-out at this minute begins, with grace."""
        first = next((m for m in range(left, left + GRACE + 1) if m in self.breaks), None)
        if first is None:
            return None
        while first in self.breaks:
            first += 1
        return first + GRACE

    def take(self, said: Stated) -> None:
        now = self.current
        if now.status == "paused" and (back := self.pause(now.since)) is not None and said.minute >= back:
            now = self.current = Cell("checked_out", back, None, now.since)
        here = now.came is not None and self.continues(now.came, self.heard, said.minute)
        recent = said.minute - self.heard <= HOLDS
        if said.status in HERE:
            if self.belongs(said.minute, EARLY) not in (None, self.belongs(now.came or 0, JOINS)):
                here = False
            self.come(said, here)
        elif said.status == "checked_out":
            known = now.status == "paused" or (recent and now.status == "checked_out")
            if known and said.went in (None, now.left):
                self.put(now, said.minute)
            else:
                self.go(said, here)
        elif recent and now.status == said.status:
            self.put(now, said.minute)
        else:
            self.put(Cell(said.status, said.minute), said.minute)

    def come(self, said: Stated, here: bool) -> None:
        now, status = self.current, "present" if said.status == "late" else said.status
        came = said.came
        if came is not None:
            own = self.belongs(said.minute, EARLY) in (None, self.belongs(came, JOINS))
            if not (own and said.minute - came <= HOLDS and self.continues(came, came, said.minute)):
                came = None  # of another presence
            elif now.left is not None and came <= now.left:
                came = said.minute
        if came is None:
            returns = now.status == "paused" and status != "on_break"
            came = now.came if here and not returns and now.came is not None else said.minute
        if here and (now.status, now.came) == (status, came):
            self.put(now, said.minute)
        else:
            since = came if came > now.since else said.minute
            self.put(Cell(status, since, came), said.minute, stayed=here and came == now.came)

    def go(self, said: Stated, here: bool) -> None:
        left = said.minute if said.went is None else said.went
        stayed = here
        if not here and said.came is not None and self.current.since < said.came < left <= said.came + HOLDS:
            self.put(Cell("present", said.came, said.came), left)
            here = True
        left = left if left > self.current.since else said.minute
        if here and self.pause(left) is not None:
            self.put(Cell("paused", left, self.current.came, left), said.minute, stayed=stayed)
        else:
            self.put(Cell("checked_out", left, None, left), said.minute, stayed=stayed)

    def put(self, cell: Cell, heard: int, *, stayed: bool = False) -> None:
        """Paint what is believed from now on; what was said before lasted until then if it is known to."""
        if stayed and self.current.status != "paused":
            self.cells |= dict.fromkeys(range(self.current.since, cell.since), self.current)
        until, then = max(cell.since, heard) + HOLDS, None
        if cell.status == "paused":
            back = self.pause(cell.since)
            assert back is not None
            until, then = back, Cell("checked_out", back, None, cell.since)
        elif cell.came is not None:
            until = min(
                heard + HOLDS if self.belongs(cell.came, JOINS) is None else self.end_of(cell.came, heard) + EARLY,
                self.next_start(cell.came),
            )
        self.cells = {m: old for m, old in self.cells.items() if m < cell.since}
        self.cells |= dict.fromkeys(range(cell.since, until), cell)
        if then is not None:
            self.cells |= dict.fromkeys(range(until, max(until, heard) + HOLDS), then)
        self.current, self.heard = cell, heard

    def adherence(self, on_duty: set[int], at: int) -> Counter[str]:
        """Return her adherence to working time that covers a minute, counted under the names of Headcount."""
        start, end = at, at
        while start - 1 in on_duty:
            start -= 1
        while end in on_duty:
            end += 1
        seen = [self.cells[m] for m in range(start, at + 1) if m in self.cells]
        came = min((cell.came for cell in seen if cell.came is not None), default=None)
        if seen and seen[-1].status in AWAY_KINDS:
            return Counter(on_leave=1) if seen[-1].status == "on_leave" else Counter()
        if came is None:
            waited = at - start
            if waited <= GRACE:
                return Counter(scheduled=1, expected=1)
            return Counter(scheduled=1, absent=1, no_show=int(waited > NO_SHOW), lost=waited)
        if seen[-1].came is None and seen[-1].since < end - GRACE:
            return Counter(scheduled=1, left_early=1)
        late = came > start + GRACE
        return Counter(scheduled=1, present=1, late=int(late), lost=came - start if late else 0)

    def counts(self, at: int, department: str) -> Counter[str]:
        """Count in a department, or in the organization without one. A person without a shift counts in her record's
        department."""
        on_duty = self.minutes(*ON_DUTY, department=department) - self.minutes(*AWAY_KINDS)
        now, home = self.cells.get(at), department in ("", DEPARTMENTS[0])
        here = now is not None and now.came is not None
        if at in on_duty:
            return self.adherence(on_duty, at)
        if not here:
            if at in self.minutes("leave", department=department):
                return Counter(on_leave=1)
            away = now is not None and now.status == "on_leave" and at not in self.leave | self.on_duty
            return Counter(on_leave=int(away and home))
        assert now is not None
        assert now.came is not None
        near = range(now.came, min(at + EARLY, now.came + JOINS) + 1)
        return Counter(unscheduled=int(home and self.on_duty.isdisjoint(near)))


# --- clocks that change -----------------------------------------------------------------------------------------------
def elapsed(midnight: datetime, wall: int) -> int:
    """The minutes that have passed since midnight when the clock on the wall says so."""
    change, by = WEEKENDS[midnight]
    return wall + by if wall >= change else wall


def as_elapsed(midnight: datetime, each: Any) -> Any:
    """A shift or a record with minutes that have passed in place of those of the clock on the wall."""
    times = [name for name in ("start", "end", "minute", "came", "went") if getattr(each, name, None) is not None]
    return each._replace(**{name: elapsed(midnight, getattr(each, name)) for name in times})


def moment(midnight: datetime, minute: int) -> datetime:
    return midnight.astimezone(UTC) + timedelta(minutes=minute)
