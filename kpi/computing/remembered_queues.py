"""An organization's queues as the database has them, kept by the process between its runs.

A run over new facts of a few queues needs the parts of all others, for the levels above. Each figure that becomes
current is published in its transaction, so the version of the stream's row tells whether anybody has stored one since.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from django.db import transaction

from intraday.org.models import Organization, Scope
from intraday.values.remembered import Remembered
from kpi.computing import latest
from kpi.models import CurrentKPI
from kpi.pipeline.part import Part
from kpi.pipeline.state import State
from realtime.publish import StreamHead, stream_head

CHANNEL = "kpi"
REMEMBERED = 25_000
"""Queues that a process keeps, of some 3 KB each."""


@dataclass
class RememberedQueues:
    """The scopes of an organization, and the parts and states of its queues as of the head of its stream: those that a
    run asked for, and memos that none has asked for yet."""

    organization_id: str
    scopes: list[Scope]
    head: StreamHead | None = None
    parts: dict[int, tuple[Part, State]] = field(default_factory=dict)
    memos: dict[int, tuple[bytes, datetime]] = field(default_factory=dict)

    def check(self) -> None:
        """Forget the parts where anybody has published since. Call it once the rows of the run are locked."""
        head = stream_head(CHANNEL, self.organization_id)
        if not self.is_true_at(head):
            self.parts, self.memos = {}, {}
        self.head = head

    def is_true_at(self, head: StreamHead) -> bool:
        return self.head is not None and head.version is not None and head.version == self.head.version

    def parts_of(self, queues: Collection[Scope]) -> dict[int, tuple[Part, State]]:
        """Return the parts and states of queues as last worked out; of those that have none, nothing."""
        for pk in {queue.pk for queue in queues} & self.memos.keys():
            memo = latest.decode(*self.memos.pop(pk))
            if memo.part is not None and memo.state is not None:
                self.parts[pk] = memo.part, memo.state
        unknown = [queue for queue in queues if queue.pk not in self.parts]
        if unknown:
            self.parts |= latest.load_parts(unknown)
        return {queue.pk: self.parts[queue.pk] for queue in queues if queue.pk in self.parts}

    def remember(
        self,
        rows: Mapping[int, CurrentKPI],
        worked: Mapping[int, tuple[Part, State]],
        published: Sequence[int],
    ) -> None:
        """Keep them for the next run, once the transaction has committed.

        `rows` are those of the queues that the run worked out, as they are stored; a queue without any figure is as it
        was `worked` out. `published` are the seqs of its events: another one between the head and them is not known.
        """
        if self.head is None or (published and min(published) != self.head.seq + 1):
            return
        for pk, found in worked.items():
            time, memo = rows[pk].time, rows[pk].run_memo
            self.parts.pop(pk, None)
            if time is None or memo is None:
                self.parts[pk] = found
            else:
                self.memos[pk] = bytes(memo), time
        if published:
            self.head = stream_head(CHANNEL, self.organization_id)
        if self.head.version is not None:
            keep = partial(_memory.put, self.organization_id, self, size=len(self.scopes))
            transaction.on_commit(keep, robust=True)


_memory: Remembered[RememberedQueues] = Remembered(REMEMBERED)


def take(organization: Organization, marked: Collection[Scope]) -> RememberedQueues:
    """Return the queues as this process knows them; read them where anybody published since, or a scope is new."""
    known = _memory.take(organization.pk)
    if known is None or not known.is_true_at(stream_head(CHANNEL, organization.pk)):
        return read(organization)
    keys = {scope.pk for scope in known.scopes}
    is_new = not keys.issuperset(scope.pk for scope in marked)
    if is_new or Scope.objects.filter(organization=organization, pk__gt=max(keys)).exists():
        return read(organization)
    return known


def read(organization: Organization) -> RememberedQueues:
    """Queues and departments first, the organization last."""
    _memory.take(organization.pk)
    scopes = Scope.objects.filter(organization=organization).order_by("-department_id", "-queue_name")
    return RememberedQueues(organization.pk, list(scopes))
