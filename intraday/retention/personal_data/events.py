"""Find and rewrite the events of the log that name a person. Their seqs stay: nobody's position moves."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
from django.db import transaction

from intraday.retention.personal_data.columns import CUSTOMERS_CHANNELS, EVENT_KEYS, EVENT_PROSE, SCOPE_KEYS
from intraday.retention.personal_data.subject import Subject
from realtime.eventlog import records
from realtime.models import Segment

Event = dict[str, Any]
AT_ONCE = 100


@dataclass(frozen=True)
class _Scan:
    subject: Subject
    needles: tuple[bytes, ...]

    @classmethod
    def of(cls, subject: Subject) -> "_Scan":
        return cls(subject, tuple(msgspec.json.encode(name)[1:-1].lower() for name in subject.names))

    def segments(self) -> Iterator[Segment]:
        """Yield the segments whose text contains one of her names anywhere."""
        rows = Segment.objects.filter(stream__organization=self.subject.organization_id).select_related("stream")
        for row in rows.order_by("pk").iterator(chunk_size=AT_ONCE):
            text = bytes(row.body).lower()
            if any(needle in text for needle in self.needles):
                yield row

    def without(self, event: Event, channel: str) -> Event:
        """Return the event without her names."""
        return {**event, "data": self._data(event["data"], customers=channel in CUSTOMERS_CHANNELS)}

    def _data(self, value: Any, *, customers: bool, key: str = "") -> Any:
        if self.subject.is_of_another(value):
            return value
        if isinstance(value, dict):
            return {name: self._data(each, customers=customers, key=name) for name, each in value.items()}
        if isinstance(value, list):
            return [self._data(each, customers=customers, key=key) for each in value]
        if key in EVENT_KEYS[self.subject.kind]:
            return self.subject.rewritten(value, self.subject.leading)
        prose = key in EVENT_PROSE or (customers and key not in SCOPE_KEYS)
        return self.subject.rewritten(value, self.subject.mentioned) if prose else value


def find(subject: Subject) -> Iterator[Event]:
    """Yield the events that name her, as the log has them."""
    scan = _Scan.of(subject)
    for segment in scan.segments():
        for record in records.decode_records(segment.first_seq, bytes(segment.index), bytes(segment.body)):
            event = msgspec.json.decode(record.full)
            if scan.without(event, segment.stream.channel) != event:
                yield event


def erase(subject: Subject) -> int:
    """Replace her names by the pseudonym; return how many events changed. Servers keep what they hold in memory."""
    scan = _Scan.of(subject)
    return sum(_erase(scan, segment.pk, segment.stream.channel) for segment in scan.segments())


@transaction.atomic
def _erase(scan: _Scan, key: int, channel: str) -> int:
    segment = Segment.objects.select_for_update(of=("self",)).filter(pk=key).first()
    if segment is None:
        return 0
    changed: set[int] = set()

    def rewrite(text: bytes) -> bytes:
        event = msgspec.json.decode(text)
        without = scan.without(event, channel)
        if without == event:
            return text
        changed.add(event["seq"])
        return msgspec.json.encode(without)

    segment.index, segment.body = records.rewrite(bytes(segment.index), bytes(segment.body), rewrite)
    segment.save(update_fields=["index", "body"])
    return len(changed)
