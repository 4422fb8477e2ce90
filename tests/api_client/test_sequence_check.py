from typing import Any

import pytest

from intraday.api_client.sequence_check import Message, SequenceCheck, Verdict

STREAM = "backlog:org:org_123"


def event(seq: int, *, epoch: Any = "e1", stream: str = STREAM, **marks: Any) -> Message:
    return {"event": "backlog:update", "data": {}, "stream": stream, "epoch": epoch, "seq": seq, **marks}


def at(seq: int, epoch: Any = "e1") -> dict[str, Any]:
    return {STREAM: {"epoch": epoch, "seq": seq}}


def subscribed(seq: int, *, recovered: bool = False, epoch: Any = "e1") -> Message:
    return {"event": "subscribed", "data": {"rooms": [STREAM], "position": at(seq, epoch), "recovered": recovered}}


def heartbeat(seq: int) -> Message:
    return {"event": "heartbeat", "data": {"position": at(seq)}}


def snapshot(seq: int) -> Message:
    return {"event": "backlog:snapshot", "data": {}, "stream": STREAM, "epoch": "e1", "seq": seq}


def read(*messages: Message, whole: bool = True) -> SequenceCheck:
    sequences = SequenceCheck(whole=whole)
    for message in messages:
        sequences.saw(message)
    return sequences


@pytest.mark.parametrize(
    ("messages", "missing", "duplicates", "last"),
    [
        ([subscribed(4), event(5), event(6)], 0, 0, 6),
        ([event(5), event(6)], 0, 0, 6),
        ([subscribed(4), snapshot(4), event(5)], 0, 0, 5),
        ([subscribed(4), event(6)], 1, 0, 6),
        ([subscribed(4), event(5), event(9)], 3, 0, 9),
        ([subscribed(4), event(5), event(5)], 0, 1, 5),
        ([subscribed(4), event(4)], 0, 1, 4),
        ([subscribed(4), event(5), event(5, redelivered=1)], 0, 0, 5),
        ([subscribed(4), event(5), subscribed(9, recovered=True), event(6, replayed=True)], 0, 0, 6),
        ([subscribed(4), event(5), subscribed(9, recovered=True), event(7, replayed=True)], 1, 0, 7),
        ([subscribed(4), event(5), subscribed(9, recovered=True), event(5, replayed=True)], 0, 1, 5),
        ([subscribed(4), event(5), subscribed(9), snapshot(9), event(10)], 0, 0, 10),
        ([subscribed(4), heartbeat(4), event(5)], 0, 0, 5),
        ([subscribed(4), heartbeat(6)], 2, 0, 6),
        ([subscribed(4), event(9), {"event": "conflated", "data": {"count": 4}}], 0, 0, 9),
        ([subscribed(4), event(9), {"event": "conflated", "data": {"count": 1}}], 3, 0, 9),
        ([subscribed(4), event(1, epoch="e2"), event(2, epoch="e2")], 0, 0, 2),
        ([subscribed(4), {"event": "batch", "data": []}, {"event": "error"}], 0, 0, 4),
    ],
)
def test_every_seq_of_a_whole_organization_comes_once_and_in_order(
    messages: list[Message], missing: int, duplicates: int, last: int
) -> None:
    sequences = read(*messages)
    assert (sequences.missing, sequences.duplicates) == (missing, duplicates)
    assert sequences.sound() is (missing == duplicates == 0)
    assert sequences.positions[STREAM].seq == last


def test_a_part_of_an_organization_skips_what_is_not_its_own() -> None:
    sequences = read(subscribed(4), event(7), heartbeat(12), event(20), event(20), whole=False)
    assert (sequences.missing, sequences.duplicates) == (0, 1)


def test_streams_are_counted_apart() -> None:
    sequences = read(event(5), event(80, stream="kpi:org:org_123"), event(6))
    assert sequences.sound()
    assert sequences.per_stream == {STREAM: 2, "kpi:org:org_123": 1}


@pytest.mark.parametrize("epoch", ["e1", 17])
def test_resuming_hands_back_the_position_as_the_server_spelt_it(epoch: Any) -> None:
    assert read(subscribed(4, epoch=epoch), event(5, epoch=epoch)).since() == at(5, epoch)


def test_findings_are_in_words() -> None:
    sequences = read(subscribed(4), event(7), event(7))
    assert sequences.findings == [
        f"{STREAM}: 2 missing after 4, then came 7",
        f"{STREAM}: 7 came again, 7 was the last",
    ]
    assert SequenceCheck().saw(event(1)) is Verdict.FINE
