"""Durable cursors: the position that a client has acknowledged under a name of its own, beyond its connections.

One connection holds a name at a time, in whatever process: the one that subscribed with it last. Only it moves the
cursor, only forward, and another epoch begins anew.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from contextvars import Context
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

import structlog
from django.db import DatabaseError, transaction
from django.db.models import Count

from intraday.clock.database import clock
from intraday.database import batches
from realtime.hub.fanout.connections import Connection
from realtime.hub.shared_reads import DataLoader, in_thread
from realtime.hub.tenants.threads import in_tenant_thread
from realtime.models import Cursor
from realtime.protocol.messages import Position

log = structlog.get_logger(__name__)

MAX_CURSORS = 100  # of one user in one organization: names times streams
FORGOTTEN_AFTER = timedelta(days=30)  # no channel is kept longer
PAUSE_SECONDS = 1.0
BEGUN = "?"  # before the epoch of a cursor that has begun here, and of which nothing was acknowledged yet


@dataclass(frozen=True)
class CursorClaim:
    """A request of a connection to hold the cursor of this name."""

    organization: str
    user: str
    name: str
    stream: str
    holder: str  # its id


class StoredCursor(NamedTuple):
    row: int
    position: Position | None  # None: nothing was acknowledged
    begun: Position | None = None  # if so, where its first subscription began


class CursorMove(NamedTuple):
    holder: str
    epoch: str
    seq: int


# --- the table -------------------------------------------------------------------------------------------------------
@transaction.atomic
def take(claims: Collection[CursorClaim]) -> dict[CursorClaim, StoredCursor | None]:
    """Give each cursor to its claimant; None where the user has too many. Takes a fixed number of statements."""
    full = _full({(claim.organization, claim.user) for claim in claims})
    latest = {(claim.user, claim.name, claim.stream): claim for claim in claims}
    known = _rows(latest, lock=True)
    allowed = [
        claim for key, claim in sorted(latest.items()) if key in known or (claim.organization, claim.user) not in full
    ]
    now = clock.now()
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


def _rows(keys: Collection[tuple[str, str, str]], *, lock: bool = False) -> dict[tuple[str, str, str], StoredCursor]:
    """Return the cursors under these keys; locked in the order of their rows, which is that of all who lock some."""
    users, names, streams = (set(each) for each in zip(*keys, strict=True))
    rows = Cursor.objects.filter(user_id__in=users, name__in=names, stream__in=streams).order_by("pk")
    rows = rows.select_for_update() if lock else rows
    return {(row.user_id, row.name, row.stream): _stored(row) for row in rows}


def _stored(row: Cursor) -> StoredCursor:
    position = Position(row.epoch.removeprefix(BEGUN), row.seq) if row.epoch else None
    return StoredCursor(row.pk, None, position) if row.epoch.startswith(BEGUN) else StoredCursor(row.pk, position)


@transaction.atomic
def store(moves: dict[int, CursorMove]) -> None:
    """Move cursors forward, unless another connection holds them by now."""
    now = clock.now()
    rows = [
        row
        for row in Cursor.objects.select_for_update().filter(pk__in=moves).order_by("pk")
        if _is_news(row, moves[row.pk])
    ]
    for row in rows:
        row.epoch, row.seq, row.moved_at = moves[row.pk].epoch, moves[row.pk].seq, now
    Cursor.objects.bulk_update(rows, ["epoch", "seq", "moved_at"])


def _is_news(row: Cursor, move: CursorMove) -> bool:
    if row.holder != move.holder or move.epoch.startswith(BEGUN):
        return row.holder == move.holder and not row.epoch
    return row.epoch != move.epoch or row.seq < move.seq


def holders(rows: Collection[int]) -> dict[int, str]:
    return dict(Cursor.objects.filter(pk__in=rows).values_list("pk", "holder"))


def forget(*, now: datetime) -> int:
    """Delete cursors that were not used for FORGOTTEN_AFTER; return their number."""
    return batches.delete(Cursor.objects.filter(moved_at__lt=now - FORGOTTEN_AFTER))


# --- in a server process ---------------------------------------------------------------------------------------------
class Cursors:
    """Writes acknowledgements as they come; those that come during a write go together into the next one."""

    def __init__(self, connections: Mapping[str, Connection]) -> None:
        self._connections = connections
        self._holding: set[str] = set()  # ids of the connections that took a cursor
        self._takers: dict[str, DataLoader[CursorClaim, StoredCursor | None]] = {}  # by organization
        self._moves: dict[int, CursorMove] = {}
        self._writing: asyncio.Task[None] | None = None

    async def take(self, connection: Connection, name: str, streams: Sequence[str]) -> dict[str, StoredCursor] | None:
        """Return the cursors of this name by stream; None if the user has too many cursors."""
        principal = connection.principal
        assert principal is not None
        await self.stored()  # the last acknowledgement of an earlier connection counts
        claims = [
            CursorClaim(principal.organization.id, principal.user_id, name, stream, connection.id) for stream in streams
        ]
        self._holding.add(connection.id)
        taker = self._taker(principal.organization.id)
        found = dict(zip(streams, await asyncio.gather(*map(taker.load, claims)), strict=True))
        held = {stream: each for stream, each in found.items() if each is not None}
        return held if len(held) == len(streams) else None

    def _taker(self, organization: str) -> DataLoader[CursorClaim, StoredCursor | None]:
        """One for each organization: taking locks rows, and nobody shall wait for those of another."""
        if organization not in self._takers:
            self._takers[organization] = DataLoader(take, run=partial(in_tenant_thread, organization))
        return self._takers[organization]

    def begin(self, row: int, holder: str, at: Position) -> None:
        """Remember where a cursor begins. Only an acknowledgement proves that the client has what lies before it: the
        connection may break before the snapshot."""
        self.move(row, holder, BEGUN + at.epoch, at.seq)

    def move(self, row: int, holder: str, epoch: str, seq: int) -> None:
        self._moves[row] = CursorMove(holder, epoch, seq)
        if self._writing is None or self._writing.done():
            self._writing = asyncio.get_running_loop().create_task(self._write(), context=Context())

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
        """Wait until acknowledgements are written, for PAUSE_SECONDS at most."""
        if self._writing is not None:
            await asyncio.wait([self._writing], timeout=PAUSE_SECONDS)

    async def check_holders(self) -> None:
        """Tell connections that have lost their cursor to another one. No query where there are no cursors."""
        self._holding.intersection_update(self._connections)
        durable = [
            (connection, subscription)
            for connection in map(self._connections.__getitem__, self._holding)
            for subscription in connection.subscriptions.values()
            if subscription.cursor is not None
        ]
        if not durable:
            return
        held_by = await in_thread(holders, {each.cursor for _, each in durable if each.cursor is not None})
        for connection, subscription in durable:
            if subscription.cursor is not None and held_by.get(subscription.cursor) != connection.id:
                subscription.cursor = None
                message = f"Another connection goes on with {subscription.stream.name} under this name."
                connection.send("error", {"code": "taken_over", "message": message})
