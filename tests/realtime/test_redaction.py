"""Redaction: what each event of the channels table shows of people, by the level of names of who listens."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import pytest

from intraday.channels import CHANNELS
from intraday.org.names import Names
from realtime.eventlog.records import Record
from realtime.hub.fanout.stream import LiveStream
from realtime.protocol.channel_spec import ChannelSpec, Conflation
from realtime.protocol.messages import Payload, encode_payload, envelope
from realtime.protocol.redaction import Redaction, redacted
from realtime.protocol.rooms import Room, RoomFilter

GOLDEN = Path(__file__).parent.parent / "golden"
PEOPLE = {"employee_id", "employee_name", "acknowledged_by", "resolved_by", "note"}
EVERYTHING = RoomFilter(frozenset({Room("alerts", "o")}))
EVENTS = [
    (channel, payload)
    for channel, spec in CHANNELS.items()
    for payload in spec.events
    if payload.event != "custom:event"
]


def golden(payload: type[Payload]) -> Any:
    text = (GOLDEN / f"{payload.event.replace(':', '.')}.json").read_bytes()
    return msgspec.json.decode(msgspec.json.encode(json.loads(text)["data"]), type=payload)


def record_of(payload: Payload, channel: str) -> Record:
    hidden = payload.redacted()
    texts = [
        envelope(payload.event, encode_payload(each), stream=f"{channel}:org:o", epoch="e", seq=1, ts="now")
        for each in (payload, hidden or payload)
    ]
    return Record(1, payload.event, "", "", *texts)


def stream_of(channel: str) -> LiveStream:
    return LiveStream(f"{channel}:org:o", lambda _: None, frozenset(), CHANNELS[channel].redactions)


def names_in(value: Any) -> set[str]:
    """The names of all fields that hold something; `system` is nobody."""
    if isinstance(value, list):
        return set().union(*map(names_in, value))
    if not isinstance(value, dict):
        return set()
    return {name for name, inner in value.items() if inner not in (None, "system")}.union(
        *map(names_in, value.values())
    )


def shown(channel: str, payload: Payload, names: Names) -> set[str]:
    stream = stream_of(channel)
    redaction = stream.redactions.of(names)
    heard = stream.heard([record_of(payload, channel)], EVERYTHING, redaction)
    return set().union(*(names_in(json.loads(stream.text(each, redaction))["data"]) for each in heard))


@pytest.mark.parametrize(("channel", "payload"), EVENTS, ids=lambda each: getattr(each, "event", each))
def test_each_level_of_names_shows_what_the_levels_below_show(channel: str, payload: type[Payload]):
    event = golden(payload)
    levels = [shown(channel, event, names) for names in Names]
    for lower, higher in pairwise(levels):
        assert lower <= higher
    assert not levels[Names.NONE] & PEOPLE
    assert not levels[Names.IDS] & (PEOPLE - {"employee_id"})
    assert not levels[Names.COLLEAGUES] & {"employee_name"}
    assert levels[Names.FULL] == names_in(msgspec.to_builtins(event))


@pytest.mark.parametrize(("channel", "payload"), EVENTS, ids=lambda each: getattr(each, "event", each))
def test_a_snapshot_shows_what_the_event_shows(channel: str, payload: type[Payload]):
    event, stream = golden(payload), stream_of(channel)
    for names in Names:
        redaction = stream.redactions.of(names)
        if redaction is Redaction.PEOPLE and payload.on_walls is None:
            continue
        text = stream.text(record_of(event, channel), redaction)
        assert json.loads(text)["data"] == json.loads(encode_payload(redacted(event, redaction)))


def test_the_text_of_walls_is_made_once_for_all_of_them():
    [payload] = [payload for _, payload in EVENTS if payload.event == "attendance:update"]
    stream, record = stream_of("attendance"), record_of(golden(payload), "attendance")
    assert stream.text(record, Redaction.PEOPLE) is stream.text(record, Redaction.PEOPLE)
    assert stream.text(record, Redaction.NAMES) is record.redacted


def test_figures_are_the_same_bytes_for_everybody():
    for channel in ("kpi", "backlog"):
        assert {CHANNELS[channel].redactions.of(names) for names in Names} == {Redaction.NOTHING}


def test_an_event_that_says_nothing_of_walls_is_on_none():
    class New(Payload, frozen=True, kw_only=True):
        event: ClassVar[str] = "alert:new"

    spec = ChannelSpec(events={New: Conflation.NONE}, grant="read")
    assert not spec.redactions.is_on_walls("alert:new")
    assert spec.redactions.is_on_walls("alerts:resync")
