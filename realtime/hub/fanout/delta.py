"""Events as JSON merge patches (RFC 7396) of the event before of the same scope.

A patch cannot set null, it removes: for payloads of ours a field that is missing and one that is null mean the same.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from realtime.eventlog.records import Record
from realtime.hub.fanout.ring import Ring
from realtime.protocol.redaction import Redaction

IDENTITY = ("organization_id", "department_id", "queue_name")  # in every patch: they say whose state it changes
MAX_REMEMBERED = 1_000
_MISSING = object()


def merge_patch(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """Return the patch that turns `before` into `after`."""
    patch: dict[str, Any] = {name: None for name in before if name not in after}
    for name, value in after.items():
        old = before.get(name, _MISSING)
        if isinstance(value, dict) and isinstance(old, dict):
            if inner := merge_patch(old, value):
                patch[name] = inner
        elif type(old) is not type(value) or old != value:
            patch[name] = value
    return patch


class _Logged(msgspec.Struct, omit_defaults=True):
    """An event as it goes over the wire."""

    event: str
    data: dict[str, Any]
    stream: str
    epoch: str
    seq: int
    ts: str
    base: int = 0


class Patches:
    """Each patch is computed once, whatever the number of audiences."""

    def __init__(self, ring: Ring, conflatable: frozenset[str]) -> None:
        self._ring = ring
        self._conflatable = conflatable
        self._made: dict[tuple[str, int, Redaction], bytes] = {}

    def text(
        self, record: Record, redaction: Redaction, text: Callable[[Record, Redaction], bytes], *, after: int
    ) -> bytes:
        """Return a patch if its base event lies after `after` and it is shorter than the event; else the event."""
        base = self._ring.base(record) if record.event in self._conflatable and not record.requires_ack else None
        if base is None or base.seq <= after:
            return text(record, redaction)
        key = (self._ring.epoch, record.seq, redaction)
        made = self._made.get(key)
        if made is None:
            if len(self._made) >= MAX_REMEMBERED:
                self._made.clear()
            made = self._made[key] = _shorter(text(base, redaction), text(record, redaction))
        return made


def _shorter(before: bytes, after: bytes) -> bytes:
    old, new = (msgspec.json.decode(text, type=_Logged) for text in (before, after))
    whose = {name: new.data[name] for name in IDENTITY if name in new.data}
    new.data, new.base = whose | merge_patch(old.data, new.data), old.seq
    patch = msgspec.json.encode(new)
    return patch if len(patch) < len(after) else after
