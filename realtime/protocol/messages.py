"""The messages of the wire, typed: validation of what clients send, and the shape of what they get.

Every message is a JSON object `{"event": name, "data": {…}}`; events of the log add `stream, epoch, seq, ts`.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Self

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from intraday.clock.database import clock
from intraday.org.models import ID_PATTERN, Scope
from intraday.values.names import LONGEST_NAME

VERSION = 1
HEARTBEAT_SECONDS = 20
MAX_MESSAGE_BYTES = 64 * 1024
MAX_ROOMS = 1_000
SNAPSHOT, RESYNC = "snapshot", "resync"
"""Clients take `<anything>:snapshot` and `<anything>:resync` for ours: no other event may be named so."""
Text = Annotated[str, Meta(min_length=1, max_length=1_000)]
Name = Annotated[str, Meta(min_length=1, max_length=150, pattern=r"^[^\x00]*$")]  # no database takes NUL
Id = Annotated[str, Meta(pattern=rf"^{ID_PATTERN}$")]
RoomName = Annotated[str, Meta(min_length=1, max_length=2_000)]  # a queue's name alone may take 1,536
Timestamp = Annotated[datetime, Meta(tz=True)]
"""An instant with zone; without the constraint JSON Schema would lose `format: date-time`."""


class Close:
    """Close codes. 4401, 4403 and 4413 end it for good; 1012, 4008, 4408 and, slower, 4429 mean: reconnect."""

    SIGN_IN = 4401
    FORBIDDEN = 4403
    TIMEOUT = 4408
    TOO_LARGE = 4413
    TOO_FAST = 4429
    TOO_SLOW = 4008
    RESTART = 1012


NOT_STATED = "not stated by the caller"
"""The reason of a null in a payload of the customer's own callers (realtime.broadcasting)."""


# --- what a domain publishes -----------------------------------------------------------------------------------------
class Payload(Struct, frozen=True, kw_only=True):
    """The `data` of an event of the log. Subclasses name their event; fields that may be left out default to UNSET."""

    event: ClassVar[str]
    on_walls: ClassVar[Mapping[str, Any] | None] = None
    """The fields that differ on wall boards; None shows nothing of it (UNSET: left out). Anybody
    may read a wall, so that no person may appear on one."""

    @classmethod
    def with_stand_ins(cls, stated: Mapping[str, Any]) -> dict[str, Any]:
        """Return what a caller of realtime.WebSocketService states, with values for fields of ours that it need not
        state and that cannot be null."""
        return dict(stated)

    @property
    def wire_name(self) -> str:
        """The event of the message. Customers' own events bear names of their own (realtime.protocol.events)."""
        return self.event

    def redacted(self) -> Self | None:
        """The same without personal fields, for roles that may not see them; None where there are none."""
        return None

    @property
    def requires_ack(self) -> bool:
        """True where it is sent again until the client's program has acknowledged its receipt."""
        return False


def scope_fields(scope: Scope) -> dict[str, Any]:
    """Return the fields by which a payload names its scope: those above queues, or departments, are left out."""
    names = {"department_id": scope.department_id, "queue_name": scope.queue_name}
    return {"organization_id": scope.organization_id, **{name: value for name, value in names.items() if value}}


class Resync(Payload, frozen=True, kw_only=True):
    """Logged as `<channel>:resync` in place of an event that could not be built: refetch this scope."""

    organization_id: str
    department_id: str | UnsetType = UNSET
    queue_name: str | UnsetType = UNSET
    reason: str


class Position(Struct, frozen=True):
    """A place in a stream: everything up to `seq` of this epoch is known."""

    epoch: str
    seq: Annotated[int, Meta(ge=0)]


# --- what clients send -----------------------------------------------------------------------------------------------
class Request(Struct, frozen=True):
    event: Text
    data: msgspec.Raw = msgspec.Raw(b"{}")
    id: str | int | None = None


class Authenticate(Struct, frozen=True):
    """A token: a signed one, or an API key with the scope `read`. In the browser of a signed-in person the organization
    alone. In demo mode any user of the demo organization."""

    token: Text | None = None
    user_id: Name | None = None
    organization_id: Id | None = None


class Selection(Struct, frozen=True):
    """Rooms by name, or the rooms of one scope in several channels."""

    channels: Annotated[list[Text], Meta(max_length=MAX_ROOMS)] = []
    organization_id: Text | None = None
    department_id: Annotated[str, Meta(max_length=64)] | None = None
    queue_name: Annotated[str, Meta(max_length=LONGEST_NAME)] | None = None
    rooms: Annotated[list[RoomName], Meta(max_length=MAX_ROOMS)] = []


class Subscribe(Selection, frozen=True):
    """Options hold for all rooms of the streams named here, on this connection; those left out stay as they are.

    `delta`: events that replace one another come as patches. `batch_ms`: one `batch` message per interval; 0 ends it.
    `durable`: a name under which the server remembers what was acknowledged, beyond this connection.
    """

    since: dict[str, Position] = {}
    snapshot: bool = True
    delta: bool | None = None
    batch_ms: Annotated[int, Meta(ge=0, le=60_000)] | None = None
    durable: Annotated[str, Meta(pattern=rf"^{ID_PATTERN}$")] | None = None


class Unsubscribe(Selection, frozen=True):
    pass


class Ack(Struct, frozen=True):
    """Everything of this stream up to `seq` has arrived. Answered only if it cannot be."""

    stream: Text
    seq: Annotated[int, Meta(ge=0)]


class Ping(Struct, frozen=True):
    pass


REQUESTS: dict[str, type[Struct]] = {
    "authenticate": Authenticate,
    "subscribe": Subscribe,
    "unsubscribe": Unsubscribe,
    "ack": Ack,
    "ping": Ping,
}

# --- what the server says besides events of the log ------------------------------------------------------------------
_encoder = msgspec.json.Encoder()


def message(event: str, data: Mapping[str, Any], request_id: str | int | None = None) -> bytes:
    """A message outside the log; `id` is echoed where the client gave one."""
    extra = {} if request_id is None else {"id": request_id}
    return _encoder.encode({"event": event, "data": data, **extra})


def encode_payload(payload: "Payload | SnapshotData") -> bytes:
    return _encoder.encode(payload)


def envelope(
    event: str, data: bytes, *, stream: str, epoch: str, seq: int, ts: str, requires_ack: bool = False
) -> bytes:
    """An event of the log as it goes over the wire: the payload is encoded once, before its seq is known."""
    return b'{"event":"%b","data":%b,"stream":"%b","epoch":"%b","seq":%d,"ts":"%b"%b}' % (
        event.encode(),
        data,
        stream.encode(),
        epoch.encode(),
        seq,
        ts.encode(),
        b',"requires_ack":true' if requires_ack else b"",
    )


def flagged_replayed(text: bytes) -> bytes:
    """The same event, marked as one that happened before: clients update state and raise no toast."""
    return text[:-1] + b',"replayed":true}'


def flagged_redelivered(text: bytes, times: int) -> bytes:
    """The same event once more, because the client has not acknowledged it."""
    return text[:-1] + b',"redelivered":%d}' % times


def now() -> str:
    return spell(clock.now())


def spell(moment: datetime) -> str:
    """An instant as every payload spells it."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


class Answer(Struct, frozen=True, kw_only=True):
    """The `data` of a message outside the log."""

    event: ClassVar[str]


class Welcome(Answer, frozen=True, kw_only=True):
    """The first message of every connection."""

    event: ClassVar[str] = "welcome"
    connection_id: str
    heartbeat_seconds: int = HEARTBEAT_SECONDS
    protocol: str = "intraday"
    version: int = VERSION


class Authenticated(Answer, frozen=True, kw_only=True):
    """`expires_at` is when to authenticate again on the same connection; null where nothing expires."""

    event: ClassVar[str] = "authenticated"
    user_id: str
    organization_id: str
    role: str
    expires_at: Timestamp | None = None


class Problem(Struct, frozen=True, kw_only=True):
    """The reason why a room was refused."""

    code: str
    message: str


class Subscribed(Answer, frozen=True, kw_only=True):
    """The rooms that are heard now. `position` is where the client stands in each stream, without those of which a
    snapshot or a resync follows: it brings their position. With `recovered` all missed events follow.

    `granted`: asked rooms that were granted as others. `refused`: asked rooms that are not heard.
    """

    event: ClassVar[str] = "subscribed"
    rooms: list[str]
    position: dict[str, Position]
    recovered: bool
    granted: dict[str, list[str]] | UnsetType = UNSET
    refused: dict[str, Problem] | UnsetType = UNSET


class Unsubscribed(Answer, frozen=True, kw_only=True):
    """The rooms that are no longer heard. Without `id` the server has taken them away, and says why."""

    event: ClassVar[str] = "unsubscribed"
    rooms: list[str]
    code: str | UnsetType = UNSET
    message: str | UnsetType = UNSET


class Pong(Answer, frozen=True, kw_only=True):
    event: ClassVar[str] = "pong"
    server_time: Timestamp


class Heartbeat(Answer, frozen=True, kw_only=True):
    """Moves the cursors of quiet rooms: what lies before `position` will not come any more."""

    event: ClassVar[str] = "heartbeat"
    position: dict[str, Position]


class Batch(Answer, frozen=True, kw_only=True):
    """The events of one interval of `batch_ms`, whole, without those that a later one replaces."""

    event: ClassVar[str] = "batch"
    stream: str
    conflated: int
    events: list[dict[str, Any]]


class Conflated(Answer, frozen=True, kw_only=True):
    """The client was far behind: so many events were left out, each replaced by a later one that follows."""

    event: ClassVar[str] = "conflated"
    stream: str
    count: int


class Reconnect(Answer, frozen=True, kw_only=True):
    """The server process stops: a close (1012) follows. The client comes back after that time, with its positions."""

    event: ClassVar[str] = "reconnect"
    retry_after_ms: int


class Error(Answer, frozen=True, kw_only=True):
    """A request was refused; the connection stays open unless a close follows. `refused`: each room that was asked."""

    event: ClassVar[str] = "error"
    code: str
    message: str
    id: str | int | UnsetType = UNSET
    refused: dict[str, Problem] | UnsetType = UNSET


class SnapshotData(Struct, frozen=True, kw_only=True):
    """The `data` of `<channel>:snapshot`: the current payload of every scope that these rooms hear.

    A large one comes in parts: the first names `rooms`, later ones none, and they only add. The last is `complete` and
    bears the position; the others bear seq 0, which moves nobody.
    """

    rooms: list[str]
    items: list[msgspec.Raw]
    complete: bool


class Patch(Struct, frozen=True, kw_only=True):
    """The `data` of an event with `base`, for subscriptions with `delta`: a JSON merge patch (RFC 7396). These fields
    say whose state it changes; a null says that a field is null or gone."""

    organization_id: str
    department_id: str | UnsetType = UNSET
    queue_name: str | UnsetType = UNSET


ANSWERS: tuple[type[Answer], ...] = (
    *(Welcome, Authenticated, Subscribed, Unsubscribed, Pong, Error),
    *(Heartbeat, Batch, Conflated, Reconnect),
)
