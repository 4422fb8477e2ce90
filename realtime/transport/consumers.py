"""The socket's control protocol: check a client's message, ask the hub, answer. No query and no fan-out here."""

import asyncio
from collections.abc import Mapping
from typing import Any

import msgspec
import structlog
from channels.consumer import AsyncConsumer, get_handler_name
from channels.exceptions import StopConsumer
from django.conf import settings
from django.db import DatabaseError
from structlog.contextvars import bind_contextvars, clear_contextvars

from intraday.clock.database import clock
from intraday.logs.access import access_log
from intraday.org import access
from intraday.org.access import KEY_EXPIRED, Key, Principal, Refused
from intraday.org.credentials.key_use import key_uses
from intraday.org.models import KeyScope
from realtime.hub.fanout.connections import Connection
from realtime.hub.fanout.writer import Writer
from realtime.hub.hub import Hub, get_hub
from realtime.hub.rights import Grant, RefusedError, grant_of
from realtime.hub.subscribing import SubscribeRequest
from realtime.protocol import messages
from realtime.protocol.channel_spec import ChannelSpec
from realtime.protocol.messages import Ack, Authenticate, Close, Request, Selection, Subscribe
from realtime.transport import handshake, shutdown
from realtime.transport.writers import FRAMES_EXTENSION, AsgiWriter, FrameTransport, TransportWriter

log = structlog.get_logger(__name__)

MESSAGES_PER_SECOND = 100.0
MAX_WARNINGS = 20  # refused messages before a client that does not slow down is closed
FORGIVEN_PER_SECOND = 5.0  # warnings: a burst now and then ends no connection


class RealtimeConsumer(AsyncConsumer):
    channel_layer_alias = "none: the hub listens for all connections"

    hub: Hub
    connection: Connection

    def __init__(self, channels: Mapping[str, ChannelSpec]) -> None:
        self.channels = channels
        self._session, self._authenticated = "", False
        self._close_code: int | None = None
        self._received = 0

    async def dispatch(self, message: Mapping[str, Any]) -> None:
        """Dispatch without the hop to a thread that Channels makes to close database connections: there are none."""
        await getattr(self, get_handler_name(message))(message)

    # --- life --------------------------------------------------------------------------------------------------------
    async def websocket_connect(self, message: Mapping[str, Any]) -> None:
        if not handshake.origin_allowed(self.scope):
            await self.base_send({"type": "websocket.close", "code": Close.FORBIDDEN})
            return
        if shutdown.begun.is_set():
            await shutdown.refuse(self.base_send)
            return
        await self.base_send({"type": "websocket.accept"})
        self._allowance, self._counted_at, self._warnings = MESSAGES_PER_SECOND, self._now(), 0.0
        self.hub = get_hub(self.channels)
        self.connection = Connection(self._writer())
        # The task that runs us is this socket's alone, and ends with it: the server's last line shall have the id, too.
        bind_contextvars(connection_id=self.connection.id)
        access_log.info("socket_opened", remote=self._remote())
        self.hub.connect(self.connection)
        self._deadline = asyncio.get_running_loop().call_later(self._sign_in_seconds(), self._sign_in_missing)
        welcome = {
            "connection_id": self.connection.id,
            "protocol": "intraday",
            "version": messages.VERSION,
            "heartbeat_seconds": messages.HEARTBEAT_SECONDS,
        }
        self.connection.send("welcome", welcome)
        await self._sign_in_by_session()

    async def _sign_in_by_session(self) -> None:
        """Attach the person signed in to our own page; a member of several organizations has to choose one."""
        if handshake.by_message_alone(self.scope):
            return
        self._session = handshake.session_key(self.scope)
        if not self._session:
            return
        try:
            principal = await self.hub.authenticate(Authenticate(), self._session)
        except DatabaseError as error:
            log.error("session_not_read", error=str(error).strip())
            return
        if not isinstance(principal, Principal):
            return
        try:
            self._attach(principal)
        except RefusedError as refusal:
            await self._refuse(refusal, None)

    async def websocket_disconnect(self, message: Mapping[str, Any]) -> None:
        self._close_code = message.get("code")
        raise StopConsumer

    async def __call__(self, *asgi: Any) -> None:
        """Run the consumer; tell the hub when it ends: by a disconnect, a bug or a server that cancels it."""
        clear_contextvars()
        try:
            await super().__call__(*asgi)
        finally:
            if hasattr(self, "connection"):
                self._deadline.cancel()
                self.hub.disconnect(self.connection)
                self._log_end()

    def _log_end(self) -> None:
        caller = self.connection.principal
        access_log.info(
            "socket_closed",
            code=self._transport.close_code() if self._transport is not None else self._close_code,
            duration_s=round((clock.now() - self.connection.connected_at).total_seconds(), 1),
            received=self._received,
            remote=self._remote(),
            **({} if caller is None else {"user": caller.user_id, "organization_id": caller.organization.id}),
        )

    def _remote(self) -> str:
        return str((self.scope.get("client") or [""])[0])

    def _writer(self) -> Writer:
        return AsgiWriter(self.base_send) if self._transport is None else TransportWriter(self._transport)

    @property
    def _transport(self) -> FrameTransport | None:
        return (self.scope.get("extensions") or {}).get(FRAMES_EXTENSION)

    @staticmethod
    def _sign_in_seconds() -> int:
        return 600 if settings.DEMO else 10

    def _sign_in_missing(self) -> None:
        if self.connection.principal is None:
            reason = f"no authenticate within {self._sign_in_seconds()} s"
            self.connection.send("error", {"code": "sign_in_missing", "message": reason})
            self.connection.writer.fail(Close.TIMEOUT, reason)

    # --- messages ----------------------------------------------------------------------------------------------------
    async def websocket_receive(self, message: Mapping[str, Any]) -> None:
        if self.connection.closed:
            return  # it was on its way when we closed
        self._received += 1
        request_id: str | int | None = None
        try:
            request = self._request(message)
            request_id = request.id
            await self._answer(request)
        except RefusedError as refusal:
            await self._refuse(refusal, request_id)
        except DatabaseError as error:
            log.error("socket_request_failed", error=str(error).strip())
            await self._refuse(RefusedError("unavailable", "The database does not answer; try again."), request_id)
        await self.connection.writer.drained()

    def _request(self, message: Mapping[str, Any]) -> Request:
        self._spend_allowance()
        text = message.get("text")
        if text is None:
            raise RefusedError("bad_message", "Messages are text frames that hold JSON.")
        if len(text.encode()) > messages.MAX_MESSAGE_BYTES:
            reason = f"messages are at most {messages.MAX_MESSAGE_BYTES} bytes"
            raise RefusedError("too_large", reason, close=Close.TOO_LARGE)
        request: Request = self._decoded(text, Request)
        return request

    async def _answer(self, request: Request) -> None:
        shape = messages.REQUESTS.get(request.event)
        if shape is None:
            raise RefusedError(
                "unknown_event", f"There is no '{request.event[:80]}'; try {', '.join(messages.REQUESTS)}."
            )
        data = self._decoded(request.data, shape)
        await getattr(self, f"on_{request.event}")(data, request.id)

    def _decoded(self, raw: str | msgspec.Raw, shape: Any) -> Any:
        try:
            return msgspec.json.decode(raw, type=shape)
        except msgspec.ValidationError as error:
            raise RefusedError("invalid", str(error)) from None
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            raise RefusedError("bad_message", f"Not JSON: {error}") from None

    async def _refuse(self, refusal: RefusedError, request_id: str | int | None) -> None:
        echo = {} if request_id is None else {"id": request_id}
        self.connection.send("error", {**refusal.data, **echo}, request_id)
        if refusal.close is not None:
            await self.connection.writer.drained()
            self.hub.disconnect(self.connection)
            await self.base_send({"type": "websocket.close", "code": refusal.close, "reason": refusal.message})

    def _spend_allowance(self) -> None:
        """Take one token of a bucket that refills with MESSAGES_PER_SECOND and holds as many. Raises RefusedError."""
        now = self._now()
        passed, self._counted_at = now - self._counted_at, now
        self._allowance = min(MESSAGES_PER_SECOND, self._allowance + passed * MESSAGES_PER_SECOND)
        self._warnings = max(0.0, self._warnings - passed * FORGIVEN_PER_SECOND)
        if self._allowance >= 1:
            self._allowance -= 1
            return
        self._warnings += 1
        reason = f"more than {MESSAGES_PER_SECOND:.0f} messages a second"
        raise RefusedError("rate_limited", reason, close=Close.TOO_FAST if self._warnings > MAX_WARNINGS else None)

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()

    # --- requests ----------------------------------------------------------------------------------------------------
    async def on_authenticate(self, data: Authenticate, request_id: str | int | None) -> None:
        principal = await self.hub.authenticate(data, self._session)
        if principal is Refused.KEY_EXPIRED:
            raise RefusedError("key_expired", KEY_EXPIRED, close=Close.SIGN_IN)
        if isinstance(principal, Refused) or not (principal.may(KeyScope.READ) or principal.may(access.Grant.WATCH)):
            raise RefusedError("not_authenticated", "The credentials are unknown: sign in again.", close=Close.SIGN_IN)
        key_uses.note(principal, self._remote())
        known = self.connection.principal if self._authenticated else None  # a message overrides the session cookie
        if known is not None and (known.user_id, known.organization) != (principal.user_id, principal.organization):
            raise RefusedError("other_user", "This connection belongs to another user; open a new one.")
        self._attach(principal, request_id)
        self._authenticated = True

    def _attach(self, principal: Principal, request_id: str | int | None = None) -> None:
        """Raises RefusedError."""
        self._deadline.cancel()
        self.hub.attach_new(self.connection, principal)
        # A key cannot be renewed on the connection: clients would try, again and again.
        ending = None if isinstance(principal.credential, Key) else principal.expires_at
        answer = {
            "user_id": principal.user_id,
            "organization_id": principal.organization.id,
            "role": principal.role,
            "expires_at": None if ending is None else messages.spell(ending),
        }
        self.connection.send("authenticated", answer, request_id)

    async def on_subscribe(self, data: Subscribe, request_id: str | int | None) -> None:
        grant = self._grant(data)
        if len(grant.rooms | self.connection.rooms()) > messages.MAX_ROOMS:
            raise RefusedError("too_many_rooms", f"A connection holds at most {messages.MAX_ROOMS} rooms.")
        request = SubscribeRequest(
            grant, data.since, data.snapshot, data.delta, data.batch_ms, data.durable, request_id
        )
        await self.hub.subscribe(self.connection, request)

    async def on_unsubscribe(self, data: Selection, request_id: str | int | None) -> None:
        rooms = self._grant(data).rooms
        self.hub.unsubscribe(self.connection, rooms)
        self.connection.send("unsubscribed", {"rooms": sorted(room.name for room in rooms)}, request_id)

    async def on_ack(self, data: Ack, request_id: str | int | None) -> None:
        if self.connection.principal is None:
            raise RefusedError("not_authenticated", "Send authenticate first.")
        self.hub.acknowledge(self.connection, data.stream, data.seq)

    async def on_ping(self, data: messages.Ping, request_id: str | int | None) -> None:
        self.connection.send("pong", {"server_time": messages.now()}, request_id)

    def _grant(self, selection: Selection) -> Grant:
        """Return which rooms of a selection the caller may hear. Raises RefusedError if there is none."""
        principal = self.connection.principal
        if principal is None:
            raise RefusedError("not_authenticated", "Send authenticate first.")
        return grant_of(selection, principal, self.channels)
