"""Events of the tests' own, published through the real door."""

import asyncio
from collections.abc import Callable
from typing import ClassVar, ParamSpec, TypeVar

from django.db import connections, transaction

from intraday.org.models import Organization, Scope
from realtime.eventlog import store
from realtime.eventlog.records import Appended, Draft, Record
from realtime.protocol.messages import Payload, encode_payload
from realtime.publish import EventRef, publish

P = ParamSpec("P")
T = TypeVar("T")


class Note(Payload, frozen=True, kw_only=True):
    event: ClassVar[str] = "custom:note"

    number: int
    text: str = ""


class Personal(Payload, frozen=True, kw_only=True):
    """One with a name in it, which not every role may see."""

    event: ClassVar[str] = "custom:person"

    name: str | None

    def redacted(self) -> "Personal":
        return Personal(name=None)


class Urgent(Payload, frozen=True, kw_only=True):
    """One whose receipt must be acknowledged."""

    event: ClassVar[str] = "custom:urgent"

    number: int
    requires_ack = True


def scope_of(organization: Organization, department: str = "", queue: str = "") -> Scope:
    return Scope.objects.get(organization=organization, department_id=department, queue_name=queue)


@transaction.atomic
def note(scope: Scope, *numbers: int, text: str = "", channel: str = "custom") -> list[EventRef]:
    """Publish notes in one commit."""
    return publish(channel, [(scope, lambda number=number: Note(number=number, text=text)) for number in numbers])


@transaction.atomic
def urgent(scope: Scope, *numbers: int, channel: str = "alerts") -> list[EventRef]:
    return publish(channel, [(scope, lambda number=number: Urgent(number=number)) for number in numbers])


@transaction.atomic
def lose(scope: Scope, *numbers: int, text: str = "", channel: str = "custom") -> Appended:
    """Log notes in one commit of which the channel layer hears nothing."""
    drafts = [
        Draft("custom:note", scope.department_id, scope.queue_name, encode_payload(Note(number=number, text=text)))
        for number in numbers
    ]
    return store.append(organization_id=scope.organization_id, channel=channel, drafts=drafts)


def everything(stream: str, after: int = 0) -> list[Record]:
    """The log after a position, read page by page."""
    records: list[Record] = []
    while True:
        page = store.read(stream, after=after, max_events=500, max_bytes=10**7)
        assert page is not None
        records += page.records
        if page.complete:
            return records
        after = records[-1].seq


async def in_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Database work of an async test; leaves no connection open in the thread."""

    def call() -> T:
        try:
            return function(*args, **kwargs)
        finally:
            for connection in connections.all(initialized_only=True):
                connection.close()

    return await asyncio.to_thread(call)
