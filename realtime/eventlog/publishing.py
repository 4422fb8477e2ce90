"""Publish events: a service calls `publish` as the last line of its transaction."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

import structlog
from django.db import connection, transaction

from intraday.org.models import Scope
from realtime.eventlog import store
from realtime.eventlog.records import Appended, Draft
from realtime.eventlog.sender import hand_over
from realtime.protocol import messages
from realtime.protocol.messages import Payload, Resync
from realtime.protocol.rooms import CHANNELS, stream_name

log = structlog.get_logger(__name__)

Builder = Callable[[], Payload]


class EventRef(NamedTuple):
    """The place of an event in the log."""

    stream: str
    seq: int


@dataclass(frozen=True)
class _AfterCommit:
    """Hands one stream's events to the sender. Also marks, until the transaction ends, that the stream is locked."""

    order: tuple[str, int]
    appended: Appended
    drafts: Sequence[Draft]

    def __call__(self) -> None:
        hand_over(self.appended)
        if not log.isEnabledFor(logging.DEBUG):
            return
        for seq, draft in enumerate(self.drafts, self.appended.first):
            log.debug("broadcast", seq=seq, **_names(draft.event, self.order[0], draft.department, draft.queue))


def publish(channel: str, events: Sequence[tuple[Scope, Builder]]) -> list[EventRef]:
    """Log these events with the caller's transaction and push them when it commits; return their places, in order.

    Takes builders, not payloads: a failing one is logged, `<channel>:resync` takes its place, and the save stands.
    A database error fails the save like any other. Streams are locked in one global order, by organization, then
    channel; a publish below one already made in the same transaction is a programming error.
    """
    assert connection.in_atomic_block, "publish belongs inside the transaction of the data it speaks of"
    by_organization = sorted(range(len(events)), key=lambda i: events[i][0].organization_id)
    places: dict[int, EventRef] = {}
    for organization_id, group in groupby(by_organization, key=lambda i: events[i][0].organization_id):
        indexes = list(group)
        first = _append(channel, organization_id, [events[i] for i in indexes])
        stream = stream_name(channel, organization_id)
        places.update((index, EventRef(stream, first + n)) for n, index in enumerate(indexes))
    return [places[index] for index in range(len(events))]


def _append(channel: str, organization_id: str, events: Sequence[tuple[Scope, Builder]]) -> int:
    order = (organization_id, CHANNELS.index(channel))
    locked = [done.order for _, done, *_ in connection.run_on_commit if isinstance(done, _AfterCommit)]
    assert all(order >= other for other in locked), f"{channel} of {organization_id} is published out of order"
    drafts = [_draft(channel, scope, build) for scope, build in events]
    appended = store.append(organization_id=organization_id, channel=channel, drafts=drafts)
    transaction.on_commit(_AfterCommit(order, appended, drafts), robust=True)
    return appended.first


def _draft(channel: str, scope: Scope, build: Builder) -> Draft:
    try:
        return _encoded(build(), scope)
    except Exception:
        names = _names(f"{channel}:{messages.RESYNC}", scope.organization_id, scope.department_id, scope.queue_name)
        log.exception("broadcast_failed", reason="the event could not be built; a resync takes its place", **names)
        resync = Resync(
            **messages.scope_fields(scope),
            reason="The event could not be built; refetch this scope.",
        )
        return Draft(
            f"{channel}:{messages.RESYNC}", scope.department_id, scope.queue_name, messages.encode_payload(resync)
        )


def _encoded(payload: Payload, scope: Scope) -> Draft:
    redacted = payload.redacted()
    return Draft(
        payload.wire_name,
        scope.department_id,
        scope.queue_name,
        messages.encode_payload(payload),
        None if redacted is None else messages.encode_payload(redacted),
        payload.requires_ack,
    )


def _names(event: str, organization: str, department: str, queue: str) -> dict[str, str]:
    """Return the keys of a log line about a broadcast. (`event` itself is the key of the line's message.)"""
    return {"event_name": event, "organization_id": organization, "department_id": department, "queue_name": queue}
