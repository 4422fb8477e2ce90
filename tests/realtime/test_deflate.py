"""Compression: one deflate for all who negotiated it, no memory for each, whole frames for the rest."""

import socket as sockets
import zlib
from typing import Any

import pytest
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory, PerMessageDeflate
from websockets.frames import Frame, Opcode
from websockets.streams import StreamReader

from backlog.services import levels_above
from intraday.org.models import Scope
from realtime.protocol import frames
from realtime.protocol.frames import DEFLATE_ABOVE, WINDOW_BITS, deflated_frame, frame
from tests.conftest import client_of
from tests.live import LiveServer, socket
from tests.realtime.notes import in_thread, note

CUSTOM, BACKLOG = "custom:org:org_123", "backlog:org:org_123"


def parsed(data: bytes) -> Frame:
    reader = StreamReader()
    reader.feed_data(data)
    inflating = PerMessageDeflate(True, True, WINDOW_BITS, WINDOW_BITS)
    parsing = Frame.parse(reader.read_exact, mask=False, extensions=[inflating])
    with pytest.raises(StopIteration) as read:
        next(parsing)
    found: Frame = read.value.value
    return found


@pytest.mark.parametrize("size", [DEFLATE_ABOVE + 1, 4_000, 65_535, 300_000])
def test_a_compressed_frame_is_what_a_websocket_library_reads(size: int):
    text = (b'{"level":1234567890},' * (size // 20 + 1))[:size]
    sent = deflated_frame(text)
    read = parsed(sent)
    assert (read.opcode, read.fin, bytes(read.data)) == (Opcode.TEXT, True, text)
    assert len(sent) < 0.4 * size


def test_what_is_small_or_does_not_shrink_is_sent_as_it_is():
    import random

    noise = random.Random(1).randbytes(5_000)
    for text in (b"x" * DEFLATE_ABOVE, noise):
        assert deflated_frame(text) == frame(text)


class Counting:
    """Bytes as they come through the socket, read by a client of the library."""

    def __init__(self, client: Any) -> None:
        self._protocol = client.connection.protocol
        self.bytes = 0
        receive = self._protocol.receive_data

        def count(data: bytes) -> None:
            self.bytes += len(data)
            receive(data)

        self._protocol.receive_data = count


@pytest.fixture
def queues(transactional_db: None, organization: Any) -> None:
    """Make enough queues for a snapshot of some kilobytes."""
    items = [
        {
            "department_id": "dept_456",
            "queue_name": f"queue {number}",
            "snapshot_time": "2026-01-31T10:00:00Z",
            "total_items": number,
            "average_wait_time_minutes": number / 7,
        }
        for number in range(12)
    ]
    assert (
        client_of(organization).post("/api/schedulesbacklog/batch-ingest", {"items": items}, format="json").status_code
        == 201
    )
    assert levels_above.drain()


@pytest.mark.usefixtures("queues")
async def test_a_snapshot_takes_less_than_four_tenths_of_its_bytes(server: LiveServer, token: str):
    received = {}
    for compression in ("deflate", None):
        async with socket(server, token, compression=compression) as client:
            counting = Counting(client)
            await client.subscribe(BACKLOG)
            answered = counting.bytes
            snapshot = await client.until("backlog:snapshot")
            received[compression] = counting.bytes
            assert len(snapshot["data"]["items"]) == 14
            assert answered > 0
    assert received[None] > 4_000
    assert received["deflate"] <= 0.4 * received[None]


async def test_one_deflate_serves_everybody_and_no_connection_has_one_of_its_own(
    server: LiveServer, token: str, support: Scope, monkeypatch: pytest.MonkeyPatch
):
    deflates = []

    class Zlib:
        """The module, counting."""

        def __getattr__(self, name: str) -> Any:
            if name == "compressobj":
                deflates.append(name)
            return getattr(zlib, name)

    monkeypatch.setattr(frames, "zlib", Zlib())
    async with (
        socket(server, token) as one,
        socket(server, token) as two,
        socket(server, token) as narrow,
        socket(server, token, compression=None) as plain,
    ):
        clients = (one, two, narrow, plain)
        for client in clients:
            await client.subscribe(f"{CUSTOM}:queue:support" if client is narrow else CUSTOM)
        await in_thread(note, support, 1, text="a long text, " * 300)
        for client in clients:
            await client.up_to(1)
        assert [client.events()[0]["data"] for client in clients] == [one.events()[0]["data"]] * 4
        assert len(deflates) == 1, "two audiences, three connections, one event"
        for connection in server.hub.connections.values():
            for extension in connection.writer._transport.conn.extensions:  # type: ignore[attr-defined]
                assert not hasattr(extension, "encoder")
                assert not hasattr(extension, "decoder")


@pytest.mark.parametrize("bits", [9, 11])
async def test_a_client_with_a_smaller_window_gets_whole_frames(
    server: LiveServer, token: str, support: Scope, bits: int
):
    offer = ClientPerMessageDeflateFactory(server_max_window_bits=bits)
    async with socket(server, token, compression=None, extensions=[offer]) as client:
        assert client.connection.protocol.extensions[0].remote_max_window_bits == bits  # it was negotiated
        await client.subscribe(CUSTOM)
        counting = Counting(client)
        await in_thread(note, support, 1, text="a long text, " * 300)
        await client.up_to(1)
        assert counting.bytes > 3_900


async def test_messages_that_a_client_compressed_are_read(server: LiveServer, token: str):
    async with socket(server, token) as client:
        rooms = [f"{CUSTOM}:queue:q{number}" for number in range(200)]  # long enough to be compressed
        assert len((await client.subscribe(*rooms))["data"]["rooms"]) == 200


def offered(server: LiveServer, extensions: str) -> str:
    """Return the answer to a browser's offer of extensions."""
    with sockets.create_connection(("127.0.0.1", server.port)) as raw:
        lines = ["GET /ws HTTP/1.1", f"Host: 127.0.0.1:{server.port}", "Upgrade: websocket", "Connection: Upgrade"]
        lines += ["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13"]
        lines += [f"Sec-WebSocket-Extensions: {extensions}", "", ""]
        raw.sendall("\r\n".join(lines).encode())
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += raw.recv(4096)
    head = answer.partition(b"\r\n\r\n")[0]  # the welcome may have come with it
    headers = head.decode().lower().split("\r\n")
    return next((line.split(": ")[1] for line in headers if line.startswith("sec-websocket-extensions")), "")


def test_a_browser_gets_a_window_of_twelve_bits_without_context(server: LiveServer):
    answer = offered(server, "permessage-deflate; client_max_window_bits")
    words = {word.strip() for word in answer.split(";")}
    assert words >= {"permessage-deflate", "server_no_context_takeover", "client_no_context_takeover"}
    assert "server_max_window_bits=12" in words
    assert offered(server, "permessage-bzip2") == ""
    assert offered(server, "permessage-deflate; server_max_window_bits=8") == ""  # zlib cannot
