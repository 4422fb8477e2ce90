"""The Python client listens to the real server: whatever breaks, each event comes once and in order."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from django.core.management import call_command
from hypothesis import given
from hypothesis import strategies as st

from intraday.org.models import Scope
from intraday_client import AsyncClient, AsyncListener, Client, ListenError, conversation
from intraday_client.__main__ import main
from intraday_client.conversation import ConnectAgainError, Conversation, Listening
from intraday_client.protocol import AnyEvent, BacklogUpdateEvent, CustomEventEvent, SnapshotEvent
from realtime.hub import hub
from realtime.hub.fanout import subscriptions
from tests.live import LiveServer
from tests.realtime.cuts import Cutter
from tests.realtime.notes import in_thread, note, urgent
from tests.realtime.streams import epoch_of, rewind, server_forgets

CUSTOM, ALERTS, BACKLOG = "custom:org:org_123", "alerts:org:org_123", "backlog:org:org_123"


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections come back at once."""
    monkeypatch.setattr(conversation, "FIRST_WAIT", 0.02)
    monkeypatch.setattr(conversation, "LONGEST_WAIT", 0.05)


@asynccontextmanager
async def listening(url: str, key: str, *channels: str, **options: Any) -> AsyncIterator[AsyncListener]:
    async with AsyncClient(url, key) as client:
        listener = client.listen(channels, organization="org_123", **options)
        try:
            yield listener
        finally:
            await listener.close()


async def take(listener: AsyncListener, count: int) -> list[AnyEvent]:
    async with asyncio.timeout(30):
        return [await anext(listener) for _ in range(count)]


def numbers(events: list[Any]) -> list[int]:
    return [event.data["number"] for event in events]


async def begun(listener: AsyncListener, server: LiveServer, support: Scope) -> None:
    """Wait until it hears: an event of which it is the first to know."""
    hearing = asyncio.create_task(take(listener, 1))
    while not hearing.done():
        await in_thread(note, support, -1)
        await asyncio.wait([hearing], timeout=0.3)
    assert isinstance(hearing.result()[0], CustomEventEvent)


async def test_a_restart_of_the_server_loses_and_doubles_nothing(server: LiveServer, key: str, support: Scope):
    async with listening(server.http, key, "custom") as listener:
        await begun(listener, server, support)
        await in_thread(note, support, *range(5))
        heard = [event for event in await take(listener, 5) if event.data["number"] >= 0]
        await asyncio.to_thread(server.stop)
        await in_thread(note, support, *range(5, 8))
        await asyncio.to_thread(server.start)
        while len(heard) < 8:
            heard += [event for event in await take(listener, 1) if event.data["number"] >= 0]
        assert numbers(heard) == list(range(8))
        assert [event.replayed for event in heard[5:]] == [True] * 3
        assert listener.positions[CUSTOM]["seq"] == heard[-1].seq


async def test_cuts_at_any_byte_lose_and_double_nothing(server: LiveServer, key: str, support: Scope):
    cutter = Cutter(server.port, limit=2_500)
    async with cutter.listening(), listening(f"http://127.0.0.1:{cutter.port}", key, "custom") as listener:
        await begun(listener, server, support)
        heard: list[AnyEvent] = []
        for start in range(0, 60, 3):
            await in_thread(note, support, *range(start, start + 3), text="x" * 40)
            cutter.passed = b"" if start % 2 else cutter.passed
            while not heard or heard[-1].data["number"] < start + 2:
                heard += [event for event in await take(listener, 1) if event.data["number"] >= 0]
        assert numbers(heard) == list(range(60))


async def test_another_program_goes_on_where_the_first_one_stood(server: LiveServer, key: str, support: Scope):
    async with listening(server.http, key, "custom") as first:
        await begun(first, server, support)
        await in_thread(note, support, 1, 2, 3)
        await take(first, 1)
        kept = json.loads(json.dumps(first.positions))
    async with listening(server.http, key, "custom", since=kept) as second:
        following = await take(second, 2)
    seqs = [event.seq for event in following]
    assert seqs == [kept[CUSTOM]["seq"] + 1, kept[CUSTOM]["seq"] + 2]


@pytest.mark.parametrize("restored", [False, True], ids=["position above the log", "new epoch"])
async def test_what_cannot_be_replayed_comes_as_a_snapshot_even_where_none_was_asked_for_at_first(
    server: LiveServer, key: str, support: Scope, restored: bool
):
    await in_thread(note, support, *range(5), channel="backlog")
    since = {BACKLOG: {"epoch": await in_thread(epoch_of), "seq": 5}}
    await in_thread(rewind, BACKLOG, 2)
    if restored:
        await in_thread(call_command, "new_epoch")
    async with listening(server.http, key, "backlog", since=since, snapshot=False) as listener:
        [snapshot] = await take(listener, 1)
        assert isinstance(snapshot, SnapshotEvent)
        assert (snapshot.seq, snapshot.epoch) == (2, await in_thread(epoch_of))
        await in_thread(note, support, 77, channel="backlog")
        [event] = await take(listener, 1)
    assert (event.seq, event.data["number"]) == (3, 77)
    assert (snapshot.epoch != since[BACKLOG]["epoch"]) == restored


async def test_a_server_that_forgot_reads_what_was_missed_from_the_log(server: LiveServer, key: str, support: Scope):
    async with listening(server.http, key, "custom") as listener:
        await begun(listener, server, support)
        since = listener.positions
        await in_thread(note, support, 1, 2)
        await take(listener, 2)
        server_forgets(server, CUSTOM)
    async with listening(server.http, key, "custom", since=since) as listener:
        assert [event.seq for event in await take(listener, 2)] == [since[CUSTOM]["seq"] + 1, since[CUSTOM]["seq"] + 2]


async def test_receipts_are_sent_and_what_comes_again_is_handed_out_once(
    server: LiveServer, key: str, support: Scope, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(hub, "TICK_SECONDS", 0.05)
    monkeypatch.setattr(subscriptions, "RESEND_SECONDS", 0.0)
    async with listening(server.http, key, "alerts") as listener:
        await take(listener, 1)
        await in_thread(urgent, support, 1, 2)
        [first] = await take(listener, 1)
        await asyncio.sleep(0.3)  # no receipt meanwhile: the server sends it again
        [second] = await take(listener, 1)
        waiting = asyncio.create_task(anext(listener))
        await asyncio.sleep(0.3)
        await in_thread(urgent, support, 3)
        third = await waiting
    assert numbers([first, second, third]) == [1, 2, 3]


async def test_a_durable_name_goes_on_after_what_was_dealt_with(server: LiveServer, key: str, support: Scope):
    async with listening(server.http, key, "custom", durable="wall-3") as listener:
        await begun(listener, server, support)
        await in_thread(note, support, 1, 2, 3)
        while (await take(listener, 1))[0].data["number"] != 2:
            pass
        with pytest.raises(TimeoutError):  # asked for the next but one: the receipt for 2 and 3 is sent
            async with asyncio.timeout(1):
                while True:
                    await anext(listener)
    await in_thread(note, support, 4)
    async with listening(server.http, key, "custom", durable="wall-3") as listener:
        assert numbers(await take(listener, 1)) == [4]


def test_a_program_without_an_event_loop_hears_the_state_and_then_typed_events(
    server: LiveServer, key: str, support: Scope
):
    snapshot = {"department_id": "dept_456", "queue_name": "support", "snapshot_time": "2026-01-31T10:00:00Z"}
    with Client(server.http, key) as client:
        listener = client.listen(["backlog"], organization="org_123", queue="support")
        assert isinstance(next(listener), SnapshotEvent)
        client.post("/api/intraday/backlog/ingest", snapshot | {"total_items": 7, "average_wait_time_minutes": 1})
        match next(listener):
            case BacklogUpdateEvent(data=data):
                assert data["total_items"] == 7
            case other:
                raise AssertionError(other)
        server.stop()
        server.start()
        client.post("/api/intraday/backlog/ingest", snapshot | {"total_items": 8, "average_wait_time_minutes": 1})
        assert next(listener).data["total_items"] == 8
        threading.Timer(0.1, listener.close).start()
        assert list(listener) == []


@pytest.mark.parametrize(
    ("key_given", "asked", "code"),
    [("ik_wrong", "org_123", 4401), ("", "org_123", 4401), (None, "org_9", "not_found")],
)
def test_what_cannot_get_better_ends_with_its_reason(
    server: LiveServer, key: str, key_given: str | None, asked: str, code: object
):
    with Client(server.http, key if key_given is None else key_given) as client, pytest.raises(ListenError) as caught:
        next(client.listen(["kpi"], organization=asked))
    assert caught.value.code == code


def test_tail_prints_one_event_a_line(server: LiveServer, key: str, support: Scope, capsys: pytest.CaptureFixture[str]):
    stop = threading.Event()

    def publish() -> None:
        while not stop.wait(0.2):
            asyncio.run(in_thread(note, support, 1, text="hello"))

    thread = threading.Thread(target=publish)
    thread.start()
    try:
        assert main(["tail", "custom", "--url", server.http, "--key", key, "--count", "2"]) == 0
        assert main(["tail", "custom", "--url", server.http, "--key", key, "--count", "1", "--json"]) == 0
    finally:
        stop.set()
        thread.join()
    *lines, last = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert all("custom:note" in line and "hello" in line for line in lines)
    assert json.loads(last)["stream"] == CUSTOM
    assert main(["tail", "--url", server.http, "--key", "ik_wrong"]) == 1


# --- the protocol alone -----------------------------------------------------------------------------------------------
def said(name: str, seq: int, epoch: str = "e1", **more: Any) -> str:
    return json.dumps({"event": name, "data": {"number": seq}, "stream": CUSTOM, "epoch": epoch, "seq": seq, **more})


@given(st.lists(st.integers(0, 12), min_size=1, max_size=6))
def test_whatever_is_repeated_after_each_break_is_handed_out_once(cuts: list[int]):
    """A server that begins again anywhere at or before the position: the events are 1 to 12 all the same."""
    talk, heard = Conversation(Listening(["custom"])), []
    for cut in [*cuts, 12]:
        talk.opened()
        start = max(0, talk.positions.get(CUSTOM, {"seq": 0})["seq"] - 2)
        for seq in range(start + 1, max(cut, start) + 1):
            heard += [event.seq for event in talk.receive(said("custom:note", seq))]
    assert heard == list(range(1, 13))


def test_receipts_wait_until_the_program_asks_for_more_and_are_cumulative():
    now = [0.0]
    talk = Conversation(Listening(["custom"]), clock=lambda: now[0])
    events = talk.receive(
        json.dumps(
            {
                "event": "batch",
                "data": {"events": [json.loads(said("custom:urgent", seq, requires_ack=True)) for seq in (1, 2)]},
            }
        )
    )
    next(events)
    assert talk.outgoing() == []
    assert [event.seq for event in events] == [2]
    assert [json.loads(text)["data"] for text in talk.outgoing()] == [{"stream": CUSTOM, "seq": 2}]
    list(talk.receive(said("custom:urgent", 3, requires_ack=True)))
    assert (talk.outgoing(), talk.patience) == ([], conversation.RECEIPTS_EVERY)
    now[0] += 1
    assert len(talk.outgoing()) == 1


def test_parts_of_a_snapshot_come_as_one_and_a_half_one_moves_nothing():
    def part(complete: bool, *items: int) -> str:
        data = {"rooms": [CUSTOM] if not complete else [], "items": list(items), "complete": complete}
        return json.dumps(
            {"event": "custom:snapshot", "data": data, "stream": CUSTOM, "epoch": "e", "seq": 9 * complete}
        )

    talk = Conversation(Listening(["custom"]))
    assert list(talk.receive(part(False, 1))) == []
    assert talk.positions == {}
    talk.opened()  # cut between the parts
    assert list(talk.receive(part(False, 1))) == []
    [event] = talk.receive(part(True, 2))
    assert event.data == {"rooms": [CUSTOM], "items": [1, 2], "complete": True}
    assert talk.positions == {CUSTOM: {"epoch": "e", "seq": 9}}


def test_only_what_concerns_a_known_epoch_advances_on_heartbeats():
    talk = Conversation(Listening(["custom"]), positions={CUSTOM: {"epoch": "e1", "seq": 3}})

    def beat(epoch: str, seq: int, stream: str = CUSTOM) -> None:
        list(
            talk.receive(
                json.dumps({"event": "heartbeat", "data": {"position": {stream: {"epoch": epoch, "seq": seq}}}})
            )
        )

    beat("e2", 9)
    beat("e1", 2)
    beat("e1", 5, "kpi:org:org_123")
    assert talk.positions == {CUSTOM: {"epoch": "e1", "seq": 3}}
    beat("e1", 8)
    assert talk.positions == {CUSTOM: {"epoch": "e1", "seq": 8}}


@pytest.mark.parametrize(
    ("code", "least", "final"),
    [(1012, 2.5, False), (4008, 0, False), (1006, 0, False), (4408, 0, False), (4429, 15, False)]
    + [(code, 0, True) for code in (4401, 4403, 4413)],
)
def test_close_codes_say_whether_and_when_to_come_back(code: int, least: float, final: bool):
    talk = Conversation(Listening(["custom"]), "ik_1")
    if code == 1012:
        list(talk.receive('{"event": "reconnect", "data": {"retry_after_ms": 2500}}'))
    if final:
        with pytest.raises(ListenError) as caught:
            talk.closed(code, "why")
        assert caught.value.code == code
    else:
        assert least <= talk.closed(code, "why") <= least + conversation.FIRST_WAIT


def test_a_token_that_expired_is_fetched_anew_but_a_fresh_one_that_is_refused_is_not():
    tokens = iter(["one", "two"])
    talk = Conversation(Listening(["custom"]), lambda: next(tokens))
    talk.opened()
    list(talk.receive('{"event": "authenticated", "data": {}}'))
    talk.closed(4401, "expired")
    talk.opened()
    assert json.loads(talk.outgoing()[0])["data"] == {"token": "two"}
    with pytest.raises(ListenError):
        talk.closed(4401, "refused")


@pytest.mark.parametrize("code", ["unavailable", "access_changed", "rate_limited"])
def test_a_trouble_that_passes_is_a_new_connection(code: str):
    talk = Conversation(Listening(["custom"]))
    message = json.dumps({"event": "error", "data": {"code": code, "message": "later"}})
    with pytest.raises(ConnectAgainError):
        list(talk.receive(message))


def test_rooms_that_are_refused_are_named(caplog: pytest.LogCaptureFixture):
    talk = Conversation(Listening(rooms=["kpi:org:other"]))
    problem = {"code": "not_found", "message": "no such organization"}
    list(
        talk.receive(
            json.dumps({"event": "subscribed", "data": {"refused": {"kpi:org:other": problem}, "position": {}}})
        )
    )
    assert talk.refused == {"kpi:org:other": problem}
    assert "kpi:org:other" in caplog.text
