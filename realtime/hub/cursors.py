"""Durable cursors: what a client has acknowledged under a name of its own, beyond its connections.

One connection holds a name at a time, in whatever process: the one that subscribed with it last. Only it moves the
cursor, only forward, and another epoch begins anew.
"""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

import structlog
from django.db import DatabaseError, transaction
from django.db.models import Count
from django.utils import timezone

from realtime.hub.shared_reads import Gathered, in_thread
from realtime.models import Cursor
from realtime.protocol.messages import Position

if TYPE_CHECKING:
    from realtime.hub.fanout.connections import Connection
    from realtime.hub.hub import Hub

log = structlog.get_logger(__name__)

MAX_CURSORS = 100  # of one user in one organization: names times streams
FORGOTTEN_AFTER = timedelta(days=30)  # no channel is kept longer
PAUSE_SECONDS = 1.0


@dataclass(frozen=True)
class Claim:
    """A connection that wants to go on under a name."""

    organization: str
    user: str
    name: str
    stream: str
    holder: str  # its id


class Held(NamedTuple):
    row: int
    position: Position | None  # None: it was never moved


class Move(NamedTuple):
    holder: str
    epoch: str
    seq: int


# --- the table -------------------------------------------------------------------------------------------------------
@transaction.atomic
def take(claims: Collection[Claim]) -> dict[Claim, Held | None]:
    """Hand each name to who claims it; None where a user has too many. A fixed number of statements."""
    full = _full({(claim.organization, claim.user) for claim in claims})
    latest = {(claim.user, claim.name, claim.stream): claim for claim in claims}
    known = _rows(latest)
    allowed = [
        claim for key, claim in sorted(latest.items()) if key in known or (claim.organization, claim.user) not in full
    ]
    now = timezone.now()
    Cursor.objects.bulk_create(
        [
            Cursor(
                organization_id=claim.organization,
                user_id=claim.user,
                name=claim.name,
                stream=claim.stream,
                holder=claim.holder,
                moved_at=now,
            )
            for claim in allowed
        ],
        update_conflicts=True,
        unique_fields=["user_id", "name", "stream"],
        update_fields=["holder", "moved_at"],
    )
    held = _rows(latest)
    return {claim: held.get((claim.user, claim.name, claim.stream)) for claim in claims}


def _full(users: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
    rows = Cursor.objects.filter(organization__in={each[0] for each in users}, user_id__in={each[1] for each in users})
    counted = rows.values_list("organization_id", "user_id").annotate(count=Count("pk"))
    return {(organization, user) for organization, user, count in counted if count >= MAX_CURSORS}


def _rows(keys: Collection[tuple[str, str, str]]) -> dict[tuple[str, str, str], Held]:
    users, names, streams = (set(each) for each in zip(*keys, strict=True))
    rows = Cursor.objects.filter(user_id__in=users, name__in=names, stream__in=streams)
    return {
        (row.user_id, row.name, row.stream): Held(row.pk, Position(row.epoch, row.seq) if row.epoch else None)
        for row in rows
    }


@transaction.atomic
def store(moves: dict[int, Move]) -> None:
    """Move cursors forward, those that their holder still holds."""
    now = timezone.now()
    rows = [
        row
        for row in Cursor.objects.select_for_update().filter(pk__in=moves).order_by("pk")
        if _is_news(row, moves[row.pk])
    ]
    for row in rows:
        row.epoch, row.seq, row.moved_at = moves[row.pk].epoch, moves[row.pk].seq, now
    Cursor.objects.bulk_update(rows, ["epoch", "seq", "moved_at"])


def _is_news(row: Cursor, move: Move) -> bool:
    return row.holder == move.holder and (row.epoch != move.epoch or row.seq < move.seq)


def holders(rows: Collection[int]) -> dict[int, str]:
    return dict(Cursor.objects.filter(pk__in=rows).values_list("pk", "holder"))


def forget(*, now: datetime) -> int:
    """Delete those that nobody has used for long."""
    return Cursor.objects.filter(moved_at__lt=now - FORGOTTEN_AFTER).delete()[0]


# --- in a server process ---------------------------------------------------------------------------------------------
class Cursors:
    """Acknowledgements are written as they come, and those that come meanwhile together with the next."""

    def __init__(self, hub: "Hub") -> None:
        self._hub = hub
        self._take = Gathered(take)
        self._moves: dict[int, Move] = {}
        self._writing: asyncio.Task[None] | None = None

    async def take(self, connection: "Connection", name: str, streams: Sequence[str]) -> dict[str, Held] | None:
        """Where the user of this connection stands under this name; None if there is room for no more names."""
        principal = connection.principal
        assert principal is not None
        await self.stored()  # what the connection before has just acknowledged counts
        claims = [
            Claim(principal.organization.id, principal.user_id, name, stream, connection.id) for stream in streams
        ]
        found = dict(zip(streams, await asyncio.gather(*map(self._take.ask, claims)), strict=True))
        held = {stream: each for stream, each in found.items() if each is not None}
        return held if len(held) == len(streams) else None

    def move(self, row: int, holder: str, epoch: str, seq: int) -> None:
        self._moves[row] = Move(holder, epoch, seq)
        if self._writing is None or self._writing.done():
            self._writing = self._hub.loop.create_task(self._write())

    async def _write(self) -> None:
        while self._moves:
            moves, self._moves = self._moves, {}
            try:
                await in_thread(store, moves)
            except DatabaseError as error:
                log.warning("cursors_not_stored", error=str(error).strip())
                self._moves = moves | self._moves
                await asyncio.sleep(PAUSE_SECONDS)

    async def stored(self) -> None:
        """Wait, for a moment, until what was acknowledged is written."""
        if self._writing is not None:
            await asyncio.wait([self._writing], timeout=PAUSE_SECONDS)

    async def check_holders(self) -> None:
        """Tell whoever lost its name to another connection. Once a second; no query where there are no cursors."""
        durable = [
            follower
            for connection in self._hub.connections.values()
            for follower in connection.followers.values()
            if follower.cursor is not None
        ]
        if not durable:
            return
        held_by = await in_thread(holders, {follower.cursor for follower in durable if follower.cursor is not None})
        for follower in durable:
            connection = follower.connection
            if follower.cursor is not None and held_by.get(follower.cursor) != connection.id:
                follower.cursor = None
                message = f"Another connection goes on with {follower.stream.name} under this name."
                connection.send("error", {"code": "taken_over", "message": message})
