"""The states of agents, told by the contacts of their queues and by their own moves, as an ACD posts them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from intraday.api_client.rows import Row, iso
from intraday.simulator.queueing import Handling
from intraday.simulator.roster import Person, Record

AT_WORK = {"present", "late"}
STATES = {"on_break": "break", "training": "training", "checked_out": "offline"}
"""The states of people who are not at work, by status."""


@dataclass(slots=True)
class Seat:
    """One person: her last move, the contact that she handles, since when she is free, and her last posted state."""

    move: Record
    free_since: float
    handling: Handling | None = None
    posted: tuple[str, float] = ("", 0.0)

    @property
    def at_work(self) -> bool:
        return self.move.status in AT_WORK

    @property
    def idle(self) -> bool:
        return self.at_work and self.handling is None

    def release(self, now: float) -> None:
        """End a contact that is over by now."""
        if self.handling is not None and self.handling.ends <= now:
            self.free_since, self.handling = max(self.free_since, self.handling.ends), None


@dataclass
class Agents:
    """The people who serve the same queues. Contacts are given to the one who has been idle for longest."""

    organization: str
    deferred: bool = False
    seats: dict[str, Seat] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)

    def take(self) -> list[Row]:
        """Return the rows that are new since the call before."""
        rows, self.rows = self.rows, []
        return rows

    def move(self, record: Record) -> None:
        """Note that a person comes, goes on a break, returns or leaves."""
        seat = self.seats.get(record.person.id)
        if seat is None:
            seat = self.seats[record.person.id] = Seat(record, record.time)
        seat.release(record.time)
        seat.move = record
        if seat.handling is None:  # otherwise she ends her contact first
            seat.free_since = max(seat.free_since, record.time)
            self._post(seat, self._resting(seat), seat.free_since)

    def observe(self, now: float, handling: list[Handling], reachable: int) -> None:
        """Post the states that changed until now; of those at work so many can be reached."""
        for seat in self.seats.values():
            seat.release(now)
        self._assign(handling)
        working = sum(seat.handling is not None for seat in self.seats.values())
        connected = {id(seat) for seat in self._longest_idle()[: max(0, reachable - working)]}
        for seat in self.seats.values():
            self._post(seat, *self._state(seat, now, connected=id(seat) in connected))

    def _assign(self, handling: list[Handling]) -> None:
        known = {id(seat.handling) for seat in self.seats.values() if seat.handling is not None}
        for each in sorted((each for each in handling if id(each) not in known), key=lambda each: each.began):
            if idle := self._longest_idle():
                idle[0].handling = each

    def _longest_idle(self) -> list[Seat]:
        return sorted(
            (seat for seat in self.seats.values() if seat.idle), key=lambda seat: (seat.free_since, seat.move.person.id)
        )

    def _state(self, seat: Seat, now: float, *, connected: bool) -> tuple[str, float]:
        if seat.handling is not None:
            return self._busy(seat, seat.handling, now)
        if seat.at_work and not connected:
            return "offline", seat.posted[1] if seat.posted[0] == "offline" else now
        resumed = seat.posted[0] == "offline" and seat.posted[1] > seat.free_since
        return self._resting(seat), now if seat.at_work and resumed else seat.free_since

    def _busy(self, seat: Seat, handling: Handling, now: float) -> tuple[str, float]:
        if now >= handling.worked:
            return "available" if self.deferred else "after_contact", max(handling.worked, seat.free_since)
        return "on_contact", max(handling.began, seat.free_since)

    @staticmethod
    def _resting(seat: Seat) -> str:
        return "available" if seat.at_work else seat.move.state or STATES[seat.move.status]

    def _post(self, seat: Seat, state: str, since: float) -> None:
        if state == seat.posted[0] and (state != "on_contact" or since == seat.posted[1]):
            return
        since = max(since, seat.posted[1])
        seat.posted = state, since
        self.rows.append(row(seat.move.person, state, since, self.organization))


def row(person: Person, state: str, since: float, organization: str) -> Row:
    return {
        "organization_id": organization,
        "department_id": person.department,
        "employee_id": person.id,
        "employee_name": person.name,
        "state": state,
        "since": iso(datetime.fromtimestamp(since, UTC)),
        "queue_names": list(person.queues),
    }


def everybody(agents: Iterator[Agents], people: list[Person], now: float, organization: str) -> Iterator[Row]:
    """Yield the present state of all people: those who are not there are offline."""
    seats = {person: seat for each in agents for person, seat in each.seats.items()}
    for person in people:
        seat = seats.get(person.id)
        state = seat.posted[0] if seat is not None and seat.posted[0] else "offline"
        yield row(person, state, now, organization)
