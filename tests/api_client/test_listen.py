import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random
from threading import Event, Thread, Timer
from typing import Any

import pytest
from django.core.management import call_command
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import Server, ServerConnection, serve

from intraday.api_client import listen
from intraday.api_client.listen import EndedError, Listener, Request
from intraday.api_client.sequence_check import Message

STREAM = "backlog:org:org_123"
PROJECT = Path(__file__).parents[2]
Visit = Callable[["Visitor"], None]


class Visitor:
    """One connection as the server sees it, signed in and subscribed unless the test says otherwise."""

    def __init__(self, socket: ServerConnection) -> None:
        self.socket = socket
        self.heard: list[Message] = []

    def hear(self) -> Message:
        self.heard.append(json.loads(self.socket.recv(timeout=5)))
        return self.heard[-1]

    def say(self, event: str, data: Any, **extra: Any) -> None:
        self.socket.send(json.dumps({"event": event, "data": data, **extra}))

    def welcome(self, at: int, *, recovered: bool = False) -> Message:
        self.hear()
        self.say("authenticated", {"user_id": "listener"})
        asked = self.hear()
        position = {STREAM: {"epoch": "e1", "seq": at}}
        self.say("subscribed", {"rooms": [STREAM], "position": position, "recovered": recovered}, id=asked.get("id"))
        return asked

    def update(self, seq: int, **marks: Any) -> None:
        data = {"organization_id": "org_123", "queue_name": "support", "total_items": seq}
        self.say("backlog:update", data, stream=STREAM, epoch="e1", seq=seq, ts="2026-01-05T10:00:00Z", **marks)

    def stay(self) -> None:
        for _ in self.socket:
            pass


@contextmanager
def server(*visits: Visit) -> Iterator[tuple[str, list[Visitor]]]:
    """Plays one visit for each connection, in order."""
    left, visitors = list(visits), list[Visitor]()

    def visit(socket: ServerConnection) -> None:
        visitors.append(Visitor(socket))
        with suppress(ConnectionClosed):
            left.pop(0)(visitors[-1])

    running: Server = serve(visit, "127.0.0.1", 0)
    Thread(target=running.serve_forever, daemon=True).start()
    yield f"ws://127.0.0.1:{running.socket.getsockname()[1]}/ws", visitors
    running.shutdown()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listen, "FIRST_WAIT", 0.05)
    monkeypatch.setattr(listen, "POLL", 0.05)


def listener(url: str, **given: Any) -> tuple[Listener, list[str], list[str]]:
    heard, notes = list[str](), list[str]()
    request = given.pop("request", Request(["backlog"], "org_123"))
    one = Listener(
        url, request, lambda text, _m: heard.append(text), notes.append, random=Random(1), **{"seconds": 10, **given}
    )
    return one, heard, notes


def three_then_restart(visitor: Visitor) -> None:
    visitor.welcome(4)
    for seq in (5, 6, 7):
        visitor.update(seq)
    visitor.socket.close(1012, "restart")


def test_it_signs_in_subscribes_and_counts_what_comes() -> None:
    def visit(visitor: Visitor) -> None:
        visitor.welcome(4)
        visitor.update(5)
        visitor.update(6)
        visitor.stay()

    with server(visit) as (url, visitors):
        one, heard, notes = listener(url, count=2)
        one.run()
    assert visitors[0].heard == [
        {"event": "authenticate", "data": {"user_id": "listener", "organization_id": "org_123"}},
        {"event": "subscribe", "id": "subscribe", "data": {"channels": ["backlog"], "organization_id": "org_123"}},
    ]
    assert [json.loads(text)["event"] for text in heard] == ["authenticated", "subscribed", *["backlog:update"] * 2]
    assert (one.sequences.sound(), notes) == (True, [])


def test_after_a_break_it_resumes_where_it_stopped() -> None:
    def again(visitor: Visitor) -> None:
        visitor.welcome(9, recovered=True)
        visitor.update(8, replayed=True)
        visitor.update(9, replayed=True)
        visitor.update(10)
        visitor.stay()

    with server(three_then_restart, again) as (url, visitors):
        one, _, notes = listener(url, count=6)
        one.run()
    assert visitors[1].heard[1]["data"]["since"] == {STREAM: {"epoch": "e1", "seq": 7}}
    assert (one.sequences.sound(), one.sequences.replayed, one.sequences.positions[STREAM].seq) == (True, 2, 10)
    assert notes == ["disconnected (1012 restart); connecting again", f"recovered: going on after {STREAM} e1/7"]


def test_what_cannot_be_recovered_is_said() -> None:
    def afresh(visitor: Visitor) -> None:
        visitor.welcome(90)
        visitor.update(91)
        visitor.stay()

    with server(three_then_restart, afresh) as (url, _):
        one, _, notes = listener(url, count=4)
        one.run()
    assert notes[-1] == f"not recovered: from {STREAM} e1/90 on"
    assert one.sequences.sound()


def test_a_connection_cut_between_the_answer_and_its_snapshot_has_moved_nothing() -> None:
    """The second visit ends within a snapshot in parts: the third is asked to go on from where the first stood."""

    def begin(visitor: Visitor, **more: Any) -> None:
        visitor.hear()
        visitor.say("authenticated", {"user_id": "listener"})
        asked = visitor.hear()
        visitor.say("subscribed", {"rooms": [STREAM], "position": {}, "recovered": False} | more, id=asked["id"])

    def part(visitor: Visitor, seq: int, **data: Any) -> None:
        visitor.say("backlog:snapshot", {"items": []} | data, stream=STREAM, epoch="e1", seq=seq)

    def cut(visitor: Visitor) -> None:
        begin(visitor, refused={"kpi:org:org_123": {"code": "forbidden", "message": "not yours"}})
        part(visitor, 0, rooms=[STREAM], complete=False)
        visitor.socket.close(1012, "restart")

    def whole(visitor: Visitor) -> None:
        begin(visitor)
        part(visitor, 0, rooms=[STREAM], complete=False)
        part(visitor, 90, rooms=[], complete=True)
        visitor.update(91)
        visitor.stay()

    with server(three_then_restart, cut, whole) as (url, visitors):
        one, _, notes = listener(url, count=4)
        one.run()
    stood = {STREAM: {"epoch": "e1", "seq": 7}}
    assert [visitor.heard[1]["data"].get("since") for visitor in visitors] == [None, stood, stood]
    assert (one.sequences.sound(), one.sequences.positions[STREAM].seq) == (True, 91)
    assert "not heard: kpi:org:org_123 (forbidden: not yours)" in notes
    assert notes[-1] == "not recovered: from the snapshot on"


def test_a_silent_cut_is_a_break_like_any_other() -> None:
    def cut(visitor: Visitor) -> None:
        visitor.welcome(4)
        visitor.socket.socket.close()

    def again(visitor: Visitor) -> None:
        visitor.welcome(4, recovered=True)
        visitor.update(5)
        visitor.stay()

    with server(cut, again) as (url, _):
        one, _, notes = listener(url, count=1)
        one.run()
    assert notes[0].startswith("disconnected (1006")


def test_it_waits_as_long_as_the_server_asks_before_it_comes_back() -> None:
    def leave(visitor: Visitor) -> None:
        visitor.welcome(4)
        visitor.say("reconnect", {"retry_after_ms": 400})
        visitor.socket.close(1012)

    def again(visitor: Visitor) -> None:
        visitor.welcome(4)
        visitor.update(5)
        visitor.stay()

    with server(leave, again) as (url, _):
        one, _, _ = listener(url, count=1)
        started = time.monotonic()
        one.run()
    assert time.monotonic() - started >= 0.4


@pytest.mark.parametrize(
    ("code", "words"), [(4401, "sign in again"), (4403, "forbidden"), (4429, "too many messages or connections")]
)
def test_a_terminal_close_ends_it_with_the_reason_in_words(code: int, words: str) -> None:
    def refuse(visitor: Visitor) -> None:
        visitor.hear()
        visitor.socket.close(code, "key revoked")

    with server(refuse) as (url, visitors):
        one, _, _ = listener(url)
        with pytest.raises(EndedError, match=rf"{words} \({code}: key revoked\)"):
            one.run()
    assert len(visitors) == 1


def test_a_refused_subscription_ends_it() -> None:
    def refuse(visitor: Visitor) -> None:
        visitor.hear()
        visitor.say("authenticated", {})
        asked = visitor.hear()
        visitor.say("error", {"code": "forbidden", "message": "not your organization"}, id=asked["id"])
        visitor.stay()

    with server(refuse) as (url, _):
        one, _, _ = listener(url)
        with pytest.raises(EndedError, match="subscription refused: forbidden: not your organization"):
            one.run()


def test_a_key_and_a_queue_are_asked_for_by_name() -> None:
    request = Request(["kpi", "backlog"], "org_1", "dept_2", "support", token="k-1")
    assert request.authenticate() == {"event": "authenticate", "data": {"token": "k-1"}}
    assert request.subscribe({})["data"] == {
        "channels": ["kpi", "backlog"],
        "organization_id": "org_1",
        "department_id": "dept_2",
        "queue_name": "support",
    }
    assert not request.whole()


def test_nobody_at_home_is_tried_until_time_is_up_and_said_once() -> None:
    one, _, notes = listener("ws://127.0.0.1:9/ws", seconds=0.6)
    one.run()
    assert len(notes) == 1


def test_an_address_that_is_none_ends_it() -> None:
    one, _, _ = listener("http://127.0.0.1:9/ws")
    with pytest.raises(EndedError):
        one.run()


def test_a_stop_ends_it() -> None:
    def visit(visitor: Visitor) -> None:
        visitor.welcome(4)
        visitor.stay()

    stop = Event()
    with server(visit) as (url, _):
        one, _, _ = listener(url, stop=stop)
        Timer(0.3, stop.set).start()
        started = time.monotonic()
        one.run()
    assert time.monotonic() - started < 5


def gap(visitor: Visitor) -> None:
    visitor.welcome(4)
    visitor.update(5)
    visitor.update(7)
    visitor.stay()


@pytest.mark.parametrize(("flags", "code"), [(["--check"], 1), ([], 0)])
def test_the_command_fails_on_a_gap_when_asked_to_check(
    flags: list[str], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with server(gap) as (url, _), pytest.raises(SystemExit) as ended:
        call_command("listen", "--url", url, "--count", "2", *flags)
    shown = capsys.readouterr()
    assert ended.value.code == code
    assert "org_123/support" in shown.out
    assert "1 missing after 5, then came 7" in shown.err
    assert "2 events, 0 replayed: 1 missing, 0 came twice" in shown.err


def test_the_command_prints_messages_as_they_came_one_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    with server(gap) as (url, _), pytest.raises(SystemExit):
        call_command("listen", "--url", url, "--count", "2", "--json")
    messages = [json.loads(text) for text in capsys.readouterr().out.splitlines()]
    assert [message.get("seq") for message in messages] == [None, None, 5, 7]


def test_the_command_says_why_it_was_sent_away(capsys: pytest.CaptureFixture[str]) -> None:
    def refuse(visitor: Visitor) -> None:
        visitor.hear()
        visitor.socket.close(4403, "not [yours]")

    with server(refuse) as (url, _), pytest.raises(SystemExit) as ended:
        call_command("listen", "--url", url)
    assert ended.value.code == 1
    assert "forbidden (4403: not [yours])" in capsys.readouterr().err


def test_a_reader_who_has_had_enough_is_no_error() -> None:
    def flood(visitor: Visitor) -> None:
        visitor.welcome(0)
        for seq in range(1, 5000):
            visitor.update(seq)
        visitor.stay()

    with server(flood) as (url, _):
        command = [sys.executable, "manage.py", "listen", "--url", url, "--json", "--seconds", "20"]
        process = subprocess.Popen(
            command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ
        )
        with process:
            assert process.stdout is not None
            assert process.stdout.readline()
            process.stdout.close()
            complaint = process.stderr.read() if process.stderr else ""
        assert process.returncode == 0, complaint
    assert "Traceback" not in complaint
    assert "BrokenPipe" not in complaint
