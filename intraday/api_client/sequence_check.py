"""Checking the sequence of each stream: the position to resume from, gaps and duplicates."""

from collections import Counter
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

Message = dict[str, Any]
SNAPSHOT, RESYNC = ":snapshot", ":resync"


class Verdict(Enum):
    FINE = "fine"
    NOT_COUNTED = "not counted"  # a control message, a snapshot, or a delivery said to be a repeat
    GAP = "gap"
    DUPLICATE = "duplicate"
    NEW_EPOCH = "new epoch"


@dataclass(slots=True)
class Position:
    epoch: Any  # the server's own mark, sent back as it came
    seq: int

    def __str__(self) -> str:
        return f"{self.epoch}/{self.seq}"


@dataclass
class SequenceCheck:
    """`whole`: subscribed to whole organizations, so that every seq must come by; else only repeats can be told."""

    whole: bool = True
    positions: dict[str, Position] = field(default_factory=dict)
    events: Counter[str] = field(default_factory=Counter)
    per_stream: Counter[str] = field(default_factory=Counter)
    lost: int = 0
    excused: int = 0  # reduced by the server for a slow reader, and said so
    duplicates: int = 0
    replayed: int = 0
    findings: list[str] = field(default_factory=list)

    def saw(self, message: Message) -> Verdict:
        name, data = str(message.get("event", "")), message.get("data")
        data = data if isinstance(data, dict) else {}
        if name == "subscribed":
            self._subscribed(data)
        elif name == "heartbeat":
            self._heartbeat(data.get("position") or {})
        elif name == "conflated":
            self.excused += int(data.get("count", 0))
        elif name.endswith((SNAPSHOT, RESYNC)):
            self._replaced(message, data)
        elif "seq" in message and "stream" in message:
            return self._event(name, message)
        return Verdict.NOT_COUNTED

    def since(self) -> dict[str, dict[str, Any]]:
        return {name: {"epoch": at.epoch, "seq": at.seq} for name, at in self.positions.items()}

    @property
    def missing(self) -> int:
        return max(0, self.lost - self.excused)

    def sound(self) -> bool:
        return not self.missing and not self.duplicates

    def _event(self, name: str, message: Message) -> Verdict:
        self.events[name] += 1
        if message.get("redelivered"):
            return Verdict.NOT_COUNTED
        stream, seen = message["stream"], Position(message.get("epoch"), int(message["seq"]))
        self.per_stream[stream] += 1
        self.replayed += bool(message.get("replayed"))
        verdict = self._judge(stream, seen)
        if verdict is not Verdict.DUPLICATE:
            self.positions[stream] = seen
        return verdict

    def _judge(self, stream: str, seen: Position) -> Verdict:
        last = self.positions.get(stream)
        if last is None:
            return Verdict.FINE
        if seen.epoch != last.epoch:
            self.findings.append(f"{stream}: new epoch {seen.epoch} at {seen.seq}, was {last}")
            return Verdict.NEW_EPOCH
        if seen.seq <= last.seq:
            self.duplicates += 1
            self.findings.append(f"{stream}: {seen.seq} came again, {last.seq} was the last")
            return Verdict.DUPLICATE
        return self._advance(stream, last, seen.seq - 1, f"then came {seen.seq}")

    def _advance(self, stream: str, last: Position, complete_to: int, what: str) -> Verdict:
        """Count all events up to `complete_to` that have not come as lost, unless only a part of the stream is read."""
        lost = complete_to - last.seq
        if lost <= 0 or not self.whole:
            return Verdict.FINE
        self.lost += lost
        self.findings.append(f"{stream}: {lost} missing after {last.seq}, {what}")
        return Verdict.GAP

    def _heartbeat(self, position: dict[str, Any]) -> None:
        for stream, at in _positions(position).items():
            last = self.positions.get(stream)
            if last and last.epoch == at.epoch and at.seq > last.seq:
                self._advance(stream, last, at.seq, f"says the heartbeat at {at.seq}")
            if not last or last.epoch != at.epoch or at.seq > last.seq:
                self.positions[stream] = at

    def _subscribed(self, data: Message) -> None:
        """Recovered: go on from our own position, the missed events follow. Otherwise counting begins here, but for
        streams whose snapshot follows: their position comes with it."""
        known = set(self.positions) if data.get("recovered") else set()
        for stream, at in _positions(data.get("position") or {}).items():
            if stream not in known:
                self.positions[stream] = at

    def _replaced(self, message: Message, data: Message) -> None:
        """Go on from a snapshot or resync, wherever it lies. Of parts only the last one has a position."""
        if "seq" in message and "stream" in message and data.get("complete", True):
            self.positions[message["stream"]] = Position(message.get("epoch"), int(message["seq"]))


def _positions(raw: dict[str, Any]) -> dict[str, Position]:
    return {stream: Position(at.get("epoch"), int(at["seq"])) for stream, at in raw.items()}
