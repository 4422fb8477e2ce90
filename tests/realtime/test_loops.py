"""The loops of the hub: one that waits delays no other, and none reads the log without end."""

import asyncio
import threading
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from channels.layers import InMemoryChannelLayer, get_channel_layer
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.db.utils import OperationalError

from intraday.org.models import Organization, Scope
from realtime.hub.fanout.incoming import IncomingStream
from realtime.hub.fanout.stream import LiveStream
from realtime.hub.healing import MAX_IDLE_READS
from realtime.hub.loops import Backoff, Loop
from realtime.hub.receiver import Receiver
from realtime.models import Segment
from realtime.protocol.rooms import CHANNELS, group_name
from tests.conftest import key_of
from tests.live import LiveServer, socket
from tests.realtime.notes import in_thread, lose, note, scope_of
from tests.realtime.streams import BACKLOG, CUSTOM, numbers

SIX = [f"{channel}:org:org_123" for channel in CHANNELS]


async def reached(condition: Callable[[], bool]) -> None:
    for _ in range(3_000):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("nothing moves any more")


def logged(caplog: pytest.LogCaptureFixture, event: str) -> list[str]:
    return [text for record in caplog.records if event in (text := str(record.msg))]


# --- loops -----------------------------------------------------------------------------------------------------------
class FreezableLayer(InMemoryChannelLayer):
    """A layer that can stop answering, as one does whose server is frozen: every call waits until it is cancelled."""

    frozen = False

    async def group_discard(self, group: str, channel: str) -> None:
        await self._thaw()
        await super().group_discard(group, channel)

    async def group_add(self, group: str, channel: str) -> None:
        await self._thaw()
        await super().group_add(group, channel)

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        await self._thaw()
        await super().group_send(group, message)

    async def _thaw(self) -> None:
        if self.frozen:
            await asyncio.get_running_loop().create_future()


async def test_heads_are_checked_while_six_idle_streams_wait_for_a_frozen_layer(
    transactional_db: None, organization: Organization, stranger: Organization, settings: Any
):
    """Leaving a group of a frozen layer takes three seconds, and there are six to leave: the screens of another
    organization still get what the layer does not bring."""
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": f"{__name__}.FreezableLayer"}}
    token, foreign = await in_thread(key_of, organization), await in_thread(key_of, stranger)
    scope = await in_thread(scope_of, stranger)
    with LiveServer() as server:
        hub = server.hub
        async with socket(server, foreign) as client:
            await client.subscribe("custom:org:org_999")
            async with socket(server, token) as other:
                await other.subscribe(*SIX)
            await reached(lambda: all(hub.streams[name].idle_since is not None for name in SIX))
            await reached(hub.receiver._changed.empty)
            rounds = {name: loop.rounds for name, loop in hub.loops.items()}

            def freeze() -> None:
                get_channel_layer().frozen = True
                for name in SIX:
                    hub.streams[name].idle_since = -1e9  # as if it had lingered long enough

            server.on_loop(freeze)
            for number in range(1, 4):
                await in_thread(lose, scope, number)
                await client.up_to(number)
            await reached(lambda: hub.degraded)  # the first of the six was waited for
            done = {name: loop.rounds - rounds[name] for name, loop in hub.loops.items()}
            assert list(hub.streams) == ["custom:org:org_999"]
            assert min(done[name] for name in ("heads", "heartbeats", "housekeeping")) >= 2, done
            server.on_loop(lambda: setattr(get_channel_layer(), "frozen", False))
            await reached(lambda: not hub.degraded)
            assert numbers(client) == [1, 2, 3]


async def test_heads_are_checked_while_a_report_waits_for_a_lock(server: LiveServer, token: str, support: Scope):
    locked, release = threading.Event(), threading.Event()

    @transaction.atomic
    def lock_reports() -> None:
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLE realtime_process IN ACCESS EXCLUSIVE MODE")
        locked.set()
        assert release.wait(60)

    async with socket(server, token) as client:
        await client.subscribe(CUSTOM)
        locking = asyncio.create_task(in_thread(lock_reports))
        await reached(locked.is_set)
        loops = server.hub.loops
        reports, heads = loops["reports"].rounds, loops["heads"].rounds
        try:
            for number in range(1, 5):
                await in_thread(lose, support, number)
                await client.up_to(number)
            await reached(lambda: loops["heads"].rounds >= heads + 4)
            assert loops["reports"].rounds <= reports + 1  # one may have ended just before the lock
        finally:
            release.set()
            await locking
        await reached(lambda: loops["reports"].rounds >= reports + 2)
        assert numbers(client) == [1, 2, 3, 4]


async def test_a_failing_round_is_logged_once_while_the_database_is_away_and_the_next_one_comes(
    caplog: pytest.LogCaptureFixture,
):
    failures: list[Exception | None] = [OperationalError("away"), OperationalError("away"), None, KeyError("key"), None]
    worked = []

    async def work() -> None:
        failure = failures.pop(0) if failures else None
        if failure is not None:
            raise failure
        worked.append(len(failures))

    loop = Loop("test", 0.0, work)
    task = asyncio.create_task(loop.run())
    await reached(lambda: len(worked) >= 3)
    task.cancel()
    assert worked[:2] == [2, 0]
    assert len(logged(caplog, "database_unreachable")) == 1
    assert len(logged(caplog, "loop_failed")) == 1


async def test_pauses_double_up_to_the_longest_and_begin_anew(monkeypatch: pytest.MonkeyPatch):
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    backoff = Backoff(first=0.1, longest=0.5)
    for _ in range(4):
        await backoff.wait()
    backoff.reset()
    await backoff.wait()
    assert pauses == [0.1, 0.2, 0.4, 0.5, 0.1]


# --- the layer -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("message", [{"stream": CUSTOM}, {"epoch": "other"}], ids=["no epoch", "no stream"])
async def test_a_message_that_cannot_be_handled_is_logged_as_such_and_the_layer_counts_as_reachable(
    server: LiveServer, token: str, support: Scope, caplog: pytest.LogCaptureFixture, message: dict[str, Any]
):
    async with socket(server, token) as client:
        await client.subscribe(CUSTOM)
        await in_thread(note, support, 1)
        await client.up_to(1)  # the group was joined, or the head would have been read

        async def send() -> None:
            await get_channel_layer().group_send(group_name(CUSTOM), {"type": "realtime.events", **message})

        await reached(lambda: server.hub.receiver._changed.empty())
        channel, healed = server.hub.receiver._channel, server.hub.healing.healed
        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(send(), server.loop))
        await in_thread(note, support, 2, 3)
        await client.up_to(3)
        assert numbers(client) == [1, 2, 3]
        assert len(logged(caplog, "layer_message_not_handled")) == 1
        assert "KeyError" in caplog.text
        assert logged(caplog, "layer_unreachable") == []
        assert (server.hub.degraded, server.hub.receiver._channel) == (False, channel)
        assert server.hub.healing.healed == healed, "the channel was kept: nothing had to be read from the log"


async def test_after_a_reconnect_of_the_layer_all_heads_are_read_together(transactional_db: None):
    asked: list[list[str]] = []

    async def check_heads(names: Iterable[str]) -> None:
        asked.append(sorted(names))

    streams: dict[str, IncomingStream] = {name: LiveStream(name, lambda subscription: None) for name in SIX}
    receiver = Receiver(streams, heal_soon=lambda stream: None, check_heads=check_heads)
    updating = asyncio.create_task(receiver.update_groups())
    for connection_number in range(1, 4):
        receiving = asyncio.create_task(receiver.receive())
        await reached(lambda count=connection_number: len(asked) == count)
        receiving.cancel()
        await asyncio.wait([receiving])
    updating.cancel()
    await asyncio.wait([updating])
    assert asked == [sorted(SIX)] * 3
    await get_channel_layer().flush()


async def test_a_database_that_is_away_does_not_make_the_layer_unreachable(
    transactional_db: None, caplog: pytest.LogCaptureFixture
):
    asked: list[list[str]] = []

    async def check_heads(names: Iterable[str]) -> None:
        asked.append(list(names))
        raise OperationalError("away")

    receiver = Receiver(
        {CUSTOM: LiveStream(CUSTOM, lambda subscription: None)}, heal_soon=lambda stream: None, check_heads=check_heads
    )
    tasks = [asyncio.create_task(receiver.receive()), asyncio.create_task(receiver.update_groups())]
    await reached(lambda: bool(asked))
    receiver.update_soon(CUSTOM)
    await reached(lambda: len(asked) == 2)  # the work goes on
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    assert not receiver.degraded
    assert len(logged(caplog, "heads_not_read")) >= 1
    await get_channel_layer().flush()


# --- healing ---------------------------------------------------------------------------------------------------------
@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Reads of segments in all threads of this process, the server's among them."""
    executed: list[str] = []
    execute = CursorWrapper.execute

    def count(self: CursorWrapper, sql: Any, params: Any = None) -> Any:
        if "SELECT" in str(sql) and "realtime_segment" in str(sql):
            executed.append(str(sql))
        return execute(self, sql, params)

    monkeypatch.setattr(CursorWrapper, "execute", count)
    return executed


async def test_healing_that_makes_no_progress_gives_up_after_a_few_reads(
    server: LiveServer, token: str, support: Scope, reads: list[str], caplog: pytest.LogCaptureFixture
):
    """A message announces a head that the log does not have: a lost commit, or a replica that is behind."""
    async with socket(server, token) as client:
        await client.subscribe(CUSTOM)
        await in_thread(note, support, 1)
        await client.up_to(1)
        hub, stream = server.hub, server.hub.streams[CUSTOM]
        message = {"type": "realtime.events", "stream": CUSTOM, "epoch": stream.ring.epoch, "first": 2, "last": 1_000}
        reads.clear()
        server.on_loop(lambda: hub.receiver.handle(message))
        await reached(lambda: stream.known_head == 1)
        assert len(reads) == MAX_IDLE_READS
        assert len(logged(caplog, "heal_without_progress")) == 1
        rounds = hub.loops["heads"].rounds
        await reached(lambda: hub.loops["heads"].rounds >= rounds + 2)
        assert len(reads) == MAX_IDLE_READS, "no read follows while nothing is new"
        await in_thread(lose, support, 2)
        await in_thread(note, support, 3)
        await client.up_to(3)
        assert numbers(client) == [1, 2, 3]


async def test_a_log_that_lost_a_segment_gives_everybody_a_snapshot_once(
    server: LiveServer, token: str, support: Scope, reads: list[str]
):
    @transaction.atomic
    def lose_with_a_hole() -> None:
        for number in (2, 3, 4):
            lose(support, number, channel="backlog")
        Segment.objects.filter(stream=BACKLOG, last_seq=3).delete()

    async with socket(server, token) as client:
        await client.subscribe(BACKLOG)
        await client.until("backlog:snapshot")
        await in_thread(note, support, 1, channel="backlog")
        await client.up_to(1)
        reads.clear()
        await in_thread(lose_with_a_hole)
        while (await client.until("backlog:snapshot"))["seq"] < 4:
            pass
        await in_thread(note, support, 5, channel="backlog")
        await client.up_to(5)
        assert client.seqs()[-1] == 5
        assert set(client.seqs()) <= {1, 2, 5}, "nothing after the hole without the snapshot"
        assert len(reads) <= 5
