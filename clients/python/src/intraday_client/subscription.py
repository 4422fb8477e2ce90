"""The options of `listen()`, and the face that the sync and the async listener share."""

from collections.abc import Sequence
from typing import Any, TypedDict, Unpack

from intraday_client.conversation import Conversation, Credentials, Listening, Positions
from intraday_client.protocol import Problem


class ListenOptions(TypedDict, total=False):
    """Options of `listen`: the scope or the rooms, and how events are delivered.

    `organization`, `department` and `queue` narrow the channels; `rooms` names rooms instead. `snapshot=False` leaves
    out the state at the beginning. `batch_ms` is the least time between two deliveries.
    """

    organization: str
    department: str
    queue: str
    rooms: Sequence[str]
    snapshot: bool
    batch_ms: int
    durable: str
    since: Positions | None
    credentials: Credentials | None


def conversation_of(channels: Sequence[str], key: str, **options: Unpack[ListenOptions]) -> Conversation:
    selected: dict[str, Any] = {**options}
    credentials, since = selected.pop("credentials", None), selected.pop("since", None)
    return Conversation(Listening(channels, **selected), credentials or key, dict(since or {}))


class Subscription:
    """`positions` stand for all events handed out so far: keep them, and give them to the next listener as `since`."""

    def __init__(self, url: str, conversation: Conversation) -> None:
        self._url, self._conversation = url, conversation

    @property
    def positions(self) -> Positions:
        """The place in each stream after all events that were handed out: `since` of the next listener."""
        return dict(self._conversation.positions)

    @property
    def refused(self) -> dict[str, Problem]:
        """Rooms that were asked for and are not heard, with the reason."""
        return dict(self._conversation.refused)
