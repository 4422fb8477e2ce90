"""Lists of tickets as snapshots of a backlog: one row for each queue, of those that are open. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from intraday_client.batches import iso
from intraday_client.shared.kinds import Kind

Row = dict[str, Any]
TICKETS = Kind(
    path="tickets",
    time="opened_at",
    fields={
        "organization_id": "text",
        "department_id": "text",
        "queue_name": "text",
        "opened_at": "time",
        "closed_at": "time",
        "due_at": "time",
        "status": "choice",
        "made_sla": "choice",
    },
    required=frozenset({"opened_at", "queue_name"}),
    key=("organization_id", "department_id", "queue_name"),
    choices={"status": ("open", "closed"), "made_sla": ("true", "false")},
)
Place = tuple[str, ...]


def snapshots(
    tickets: Iterable[Row], at: datetime, known: Iterable[Sequence[str]], sla_minutes: float | None
) -> list[Row]:
    """Return a row for each queue with tickets, and one that says 0 for each other known queue."""
    by_place: dict[Place, list[Row]] = defaultdict(list)
    for ticket in tickets:
        by_place[tuple(str(ticket.get(name, "")) for name in TICKETS.key)].append(ticket)
    places = sorted(by_place.keys() | {tuple(each) for each in known})
    return [
        _snapshot(place, [each for each in by_place.get(place, []) if is_open(each, at)], at, sla_minutes)
        for place in places
    ]


def is_open(ticket: Row, at: datetime) -> bool:
    closed = ticket.get("closed_at")
    return ticket.get("status") != "closed" and (closed is None or datetime.fromisoformat(closed) > at)


def _snapshot(place: Place, tickets: list[Row], at: datetime, sla_minutes: float | None) -> Row:
    ages = [age_minutes(ticket, at) for ticket in tickets]
    verdicts = [is_late(ticket, at, sla_minutes) for ticket in tickets]
    over = {} if None in verdicts else {"items_over_sla": sum(map(bool, verdicts))}
    return {
        **{name: value for name, value in zip(TICKETS.key, place, strict=True) if value},
        "snapshot_time": iso(at),
        "total_items": len(tickets),
        "average_wait_time_minutes": round(sum(ages) / len(ages), 4) if ages else 0.0,
        "oldest_item_age_minutes": round(max(ages, default=0.0), 4),
        **over,
    }


def age_minutes(ticket: Row, at: datetime) -> float:
    return max(0.0, (at - datetime.fromisoformat(ticket["opened_at"])).total_seconds() / 60)


def is_late(ticket: Row, at: datetime, sla_minutes: float | None) -> bool | None:
    """Return the system's own verdict, or what its due time or the given limit says; None where nothing says it."""
    if ticket.get("made_sla") == "false":
        return True
    if "due_at" in ticket:
        return datetime.fromisoformat(ticket["due_at"]) < at
    if sla_minutes is not None:
        return age_minutes(ticket, at) > sla_minutes
    return False if "made_sla" in ticket else None
