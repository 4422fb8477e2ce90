"""Revocation: end or narrow connections after revoked keys and memberships, ended sessions, expired tokens.

Once a second one query reads the access version of every organization with connections here; where it moved, the
credentials of its connections are checked again, however many in two queries. Sessions are looked up by key.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

import structlog
from django.db import DatabaseError

from intraday.clock.database import clock
from intraday.org import access
from intraday.org.access import KEY_EXPIRED, Key, Member, Principal, Refused
from realtime.hub.fanout.connections import Connection
from realtime.hub.shared_reads import in_revocation_thread
from realtime.protocol.messages import Close

log = structlog.get_logger(__name__)

EVERY_SECONDS = 1.0
SESSIONS_EVERY = 2  # rounds
LAST_MESSAGE_SECONDS = 1.0  # for a client that is slow to take the reason


class Revocation:
    def __init__(
        self,
        connections: Mapping[str, Connection],
        *,
        attach: Callable[[Connection, Principal], None],
        detach: Callable[[Connection], None],
        spawn: Callable[[Coroutine[Any, Any, None]], object],
    ) -> None:
        self._connections = connections
        self._attach = attach
        self._detach = detach
        self._spawn = spawn
        self._round = 0

    async def run(self) -> None:
        failing = False
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            self._round += 1
            try:
                self._end_expired()
                await self._check_versions()
                if self._round % SESSIONS_EVERY == 0:
                    await self._check_sessions()
                failing = False
            except Exception as error:  # nothing else does this work: the loop must not end
                if not failing:
                    expected = isinstance(error, DatabaseError)
                    log.error("access_not_checked", error=str(error).strip(), exc_info=None if expected else error)
                failing = True

    def _signed_in(self) -> list[Connection]:
        return [connection for connection in self._connections.values() if connection.principal is not None]

    # --- checks -------------------------------------------------------------------------------------------------------
    def _end_expired(self) -> None:
        now = clock.now()
        for connection in self._signed_in():
            assert connection.principal is not None
            expires_at = connection.principal.expires_at
            if expires_at is not None and expires_at <= now:
                self._end_expired_one(connection, connection.principal)

    def _end_expired_one(self, connection: Connection, principal: Principal) -> None:
        if isinstance(principal.credential, Key):
            self._end(connection, "key_expired", KEY_EXPIRED, Close.SIGN_IN)
        else:
            self._end(connection, "token_expired", "The token has expired: authenticate anew.", Close.SIGN_IN)

    async def _check_sessions(self) -> None:
        by_key: dict[str, list[Connection]] = {}
        for connection in self._signed_in():
            assert connection.principal is not None
            credential = connection.principal.credential
            if isinstance(credential, Member) and credential.session:
                by_key.setdefault(credential.session, []).append(connection)
        if not by_key:
            return
        alive = await in_revocation_thread(access.sessions_alive, list(by_key))
        for key in by_key.keys() - alive:
            for connection in by_key[key]:
                if connection.principal is not None and getattr(connection.principal.credential, "session", "") == key:
                    self._end(connection, "signed_out", "The session has ended: sign in again.", Close.SIGN_IN)

    async def _check_versions(self) -> None:
        known = {_version_of(connection.principal) for connection in self._signed_in()}
        if not known:
            return
        versions = await in_revocation_thread(access.versions, {organization for organization, _ in known})
        old = known.difference(versions.items())
        if not old:
            return
        stale = {
            connection: connection.principal
            for connection in self._signed_in()
            if connection.principal is not None and _version_of(connection.principal) in old
        }
        found = await in_revocation_thread(access.authenticate, {principal.credential for principal in stale.values()})
        for connection, before in stale.items():
            if connection.principal is not before:
                continue  # it authenticated anew meanwhile, or disconnected
            now = found[before.credential]
            if isinstance(now, Refused):
                self._refuse(connection, now)
            else:
                self._attach(connection, now)

    def _refuse(self, connection: Connection, why: Refused) -> None:
        if why is Refused.NOT_A_MEMBER:
            self._end(connection, "forbidden", "No longer a member of this organization.", Close.FORBIDDEN)
        elif why is Refused.KEY_EXPIRED:
            self._end(connection, "key_expired", KEY_EXPIRED, Close.SIGN_IN)
        else:
            self._end(connection, "revoked", "The credentials were revoked: sign in again.", Close.SIGN_IN)

    def _end(self, connection: Connection, code: str, message: str, close: int) -> None:
        """Send the reason as the last message, and close."""
        log.info("access_ended", connection=connection.id, reason=code)
        self._detach(connection)
        connection.send("error", {"code": code, "message": message})
        self._spawn(connection.close(close, message, within=LAST_MESSAGE_SECONDS))


def _version_of(principal: Principal | None) -> tuple[str, int]:
    assert principal is not None
    return principal.organization.id, principal.organization.access_version
