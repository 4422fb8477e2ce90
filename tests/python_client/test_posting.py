"""The Python client posts to the real server: kinds, batches, refusals, duplicates, limits."""

import inspect
import json
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from random import Random
from threading import Event, Thread
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intraday.rest.idempotency.stored_answers import ABANDONED_AFTER
from intraday_client import (
    ATTENDANCE,
    BACKLOG,
    FORECAST,
    INTERVALS,
    SHIFTS,
    STATES,
    ApiError,
    AsyncClient,
    Client,
    NoAnswerError,
    RejectedError,
)
from intraday_client.answers import Response, api_error
from intraday_client.batches import encode, split
from intraday_client.connectors.feed import Post, _loop
from intraday_client.kinds import Kind
from intraday_client.retries import Failure, Retries, Send, Wait
from intraday_client.rows import BacklogSnapshot
from intraday_client.shared.retry_after import retry_after
from intraday_client.transport import TIMEOUT
from tests.live import LiveServer

TEN = "2026-01-31T10:00:00Z"
PLACE = {"department_id": "dept_456", "queue_name": "support"}
INTERVAL = PLACE | {"interval_start": TEN, "interval_minutes": 30}
ROWS: dict[Kind[Any], dict[str, Any]] = {
    BACKLOG: PLACE | {"snapshot_time": TEN, "total_items": 4, "average_wait_time_minutes": 1.5},
    INTERVALS: INTERVAL
    | {"offered": 4, "answered": 3, "answered_in_target": 2, "abandoned": 1}
    | {"handle_seconds": 600.0, "available_seconds": 60.0, "agents": 2},
    FORECAST: INTERVAL | {"offered": 5.0, "aht_seconds": 200.0},
    SHIFTS: {
        "shift_id": "1",
        "department_id": "dept_456",
        "employee_id": "e1",
        "start": TEN,
        "end": "2026-01-31T18:00:00Z",
    }
    | {"kind": "work"},
    ATTENDANCE: {"department_id": "dept_456", "employee_id": "e1", "snapshot_time": TEN, "status": "present"},
    STATES: {"department_id": "dept_456", "employee_id": "e1", "state": "available", "since": TEN},
}


def snapshot(total: int, minute: int = 0) -> BacklogSnapshot:
    time = f"2026-01-31T{10 + minute // 60 % 14:02}:{minute % 60:02}:{minute // 840:02}Z"
    return {
        "department_id": "dept_456",
        "queue_name": "support",
        "snapshot_time": time,
        "total_items": total,
        "average_wait_time_minutes": 1.0,
    }


@pytest.mark.parametrize("kind", ROWS, ids=lambda kind: kind.name)
def test_rows_of_every_kind_are_created_and_then_duplicates(server: LiveServer, key: str, kind: Kind[Any]):
    with Client(server.http, key) as client:
        assert [each.result for each in client.ingest(kind, [ROWS[kind]]).results] == ["created"]
        assert [each.result for each in client.ingest(kind, [ROWS[kind]]).results] == ["duplicate"]


async def test_an_async_program_posts_more_rows_than_one_request_may_have(server: LiveServer, key: str):
    async with AsyncClient(server.http, key) as client:
        rows = (snapshot(number, number) for number in range(5_003))
        result = await client.ingest(BACKLOG, rows, dry_run=True)
        assert [each.index for each in result.results] == list(range(5_003))
        current = await client.get("/api/intraday/backlog/current", {"queue_name": "support"})
    assert "total_items" not in json.dumps(current), "a dry run stores nothing"


def test_a_refused_row_is_a_result_with_its_place_among_all_rows(server: LiveServer, key: str):
    rows = [snapshot(1, 0), snapshot(-1, 1), snapshot(2, 2)]
    with Client(server.http, key) as client:
        result = client.ingest(BACKLOG, rows)
    [refused] = result.rejected
    assert (refused.index, refused.row, list(refused.errors)) == (1, rows[1], ["total_items"])
    assert [each.index for each in result.results] == [0, 2]
    with pytest.raises(RejectedError, match="row 1"):
        result.raise_for_rejected()


def test_a_wrong_key_is_an_error_with_the_words_of_the_server(server: LiveServer, key: str):
    with Client(server.http, "ik_wrong") as client, pytest.raises(ApiError) as caught:
        client.ingest(BACKLOG, [snapshot(1)])
    assert (caught.value.status, caught.value.is_final) == (401, True)
    assert caught.value.request_id
    assert caught.value.partial is not None


def test_figures_are_computed_and_read(server: LiveServer, key: str):
    with Client(server.http, key) as client:
        client.ingest(INTERVALS, [ROWS[INTERVALS]])
        scope = {"organization_id": "org_123", "queue_name": "support"}
        figure = client.post("/api/intraday/kpi/compute", scope | {"as_of_time": "2026-01-31T10:30:00Z"})
        assert figure["timestamp"].startswith("2026-01-31T10:30")
        assert client.get("/api/intraday/kpi/current", scope)


def test_a_limit_of_the_server_is_waited_out_as_long_as_it_says(server: LiveServer, key: str, settings: Any):
    """The real refusal, with its Retry-After; the waiting itself is counted, not slept."""
    settings.CALLS_PER_MINUTE_KEY = 3
    with Client(server.http, key, patience=0.0) as client:
        for _ in range(7):
            try:
                client.get("/api/intraday/backlog/current")
            except NoAnswerError as error:
                assert "HTTP 429" in str(error)
                break
        else:
            raise AssertionError("seven calls were not too many")
        refusal = client._send(Send("GET", "/api/intraday/backlog/current"))
    assert isinstance(refusal, Response)
    pause = Retries(random=Random(1)).pause(refusal, 0)
    assert pause == float(refusal.retry_after or 0) >= 1


# --- without a server -------------------------------------------------------------------------------------------------
def waits(*replies: Response | Failure, patience: float = 120.0) -> tuple[list[float], Response]:
    """Play replies to one exchange; the pauses that it made, and its end."""
    now = [0.0]
    steps = Retries(patience, Random(3), lambda: now[0]).exchange(Send("POST", "/", b"{}", "key-1"))
    pauses, coming, reply = [], list(replies), None
    while True:
        try:
            step = steps.send(reply)
        except StopIteration as done:
            return pauses, done.value
        if isinstance(step, Wait):
            pauses.append(step.seconds)
            now[0] += step.seconds
            reply = None
        else:
            assert step.key == "key-1", "every attempt bears the same key"
            reply = coming.pop(0)


def busy(retry_after: str | None = None) -> Response:
    return Response(503, b"{}", retry_after)


DONE = Response(201, b"{}")


def test_pauses_are_random_up_to_a_bound_that_doubles():
    pauses, end = waits(busy(), Failure("reset"), busy(), DONE)
    assert end is DONE
    assert all(0 <= pause <= 0.2 * 2**attempt for attempt, pause in enumerate(pauses))
    assert len(set(pauses)) == 3


def test_the_server_is_never_asked_sooner_than_it_said():
    pauses, _ = waits(busy("7"), busy(), DONE)
    assert pauses[0] == 7
    assert pauses[1] < 1


def test_patience_ends():
    with pytest.raises(NoAnswerError, match="HTTP 503"):
        waits(busy("50"), busy("50"), busy("50"), patience=100)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("3", 3.0), ("-1", 0.0), (None, None), ("soon", None), ("Sat, 01 Jan 2000 00:00:00 GMT", 0.0)],
)
def test_retry_after_is_seconds_or_a_date(header: str | None, seconds: float | None):
    assert retry_after(header) == seconds


@pytest.mark.parametrize("code", ["idempotency_key_in_use", "conflict"])
def test_a_request_that_still_runs_is_asked_for_again_and_no_other_conflict_is(code: str):
    conflict = Response(409, json.dumps({"code": code}).encode())
    pauses, end = waits(conflict, DONE)
    assert (len(pauses), end) == ((1, DONE) if code == "idempotency_key_in_use" else (0, conflict))


@pytest.mark.parametrize("client", [Client, AsyncClient])
@pytest.mark.parametrize("seconds_to_the_failure", [0.0, TIMEOUT.read])
@pytest.mark.parametrize("seed", range(5))
def test_a_request_whose_server_died_is_done_within_the_patience(client: Any, seconds_to_the_failure: float, seed: int):
    """The server answers 409 until the claim of the first attempt counts as abandoned, and works on the next one."""
    now, abandoned = [0.0], ABANDONED_AFTER.total_seconds()
    patience = inspect.signature(client).parameters["patience"].default
    steps = Retries(patience, Random(seed), lambda: now[0]).exchange(Send("POST", "/", b"{}", "key-1"))
    assert isinstance(next(steps), Send)
    now[0] = seconds_to_the_failure
    step = steps.send(Failure("timed out"))
    with pytest.raises(StopIteration) as done:
        while True:
            if isinstance(step, Wait):
                now[0] += step.seconds
                step = steps.send(None)
            else:
                claimed = Response(409, b'{"code": "idempotency_key_in_use"}', "1")
                step = steps.send(claimed if now[0] < abandoned else DONE)
    assert done.value.value is DONE
    assert TIMEOUT.read < abandoned, "no client waits any more for the request whose claim is taken over"


@pytest.mark.parametrize(
    ("status", "body", "is_final"),
    [
        (500, "<html>", False),
        (502, "", False),
        *[(status, "<html>Web server is down</html>", False) for status in range(520, 527)],
        (500, '{"code": "error"}', False),
        (503, '{"code": "unavailable"}', False),
        (200, "<html>", True),
        (301, "", True),
        (400, "<html>", True),
        (400, '{"code": "invalid"}', False),
        (413, '{"code": "too_large"}', False),
        *[(status, '{"code": "refused"}', True) for status in (401, 403, 404, 405)],
    ],
)
def test_an_answer_is_final_where_the_key_or_the_address_is_wrong(status: int, body: str, is_final: bool):
    assert api_error(Response(status, body.encode())).is_final is is_final


class Trouble(BaseHTTPRequestHandler):
    """Answers as gateways do before the server behind them is back."""

    coming = [(201, b"no gzip", "gzip"), (520, b"<html>", ""), (500, b"<html>", ""), (201, b'{"results": []}', "")]

    def do_POST(self) -> None:
        status, body, encoding = self.coming.pop(0)
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(status)
        self.send_header("Content-Encoding", encoding)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


def test_a_feed_outlives_the_trouble_of_gateways():
    stop = Event()

    class Once:
        def round(self, post: Post) -> None:
            post(BACKLOG, [snapshot(1)])
            stop.set()

    with HTTPServer(("127.0.0.1", 0), Trouble) as gateway:
        Thread(target=gateway.serve_forever, args=[0.01], daemon=True).start()
        try:
            with Client(f"http://127.0.0.1:{gateway.server_port}") as client:
                assert _loop(Once(), Post(client), stop, every=0.0, once=False) == 0
        finally:
            gateway.shutdown()
    assert Trouble.coming == []


@given(st.lists(st.text(max_size=30), max_size=40), st.integers(1, 7), st.integers(20, 200))
def test_batches_hold_all_rows_in_order_and_keep_to_both_limits(rows: list[str], most: int, size: int):
    batches = list(split(rows, max_rows=most, max_bytes=size))
    assert [row for batch in batches for row in json.loads(batch.body)["items"]] == rows
    assert [batch.first for batch in batches] == [sum(len(b.rows) for b in batches[:i]) for i in range(len(batches))]
    assert all(len(batch.rows) <= most for batch in batches)
    assert all(len(batch.body) <= size for batch in batches if len(batch.rows) > 1)
    assert len({batch.key for batch in batches}) == len(batches)


@pytest.mark.parametrize("value", [datetime(2026, 1, 31), float("nan"), object()])  # noqa: DTZ001
def test_what_json_cannot_say_is_refused_before_it_is_sent(value: object):
    with pytest.raises((ValueError, TypeError)):
        encode({"value": value})
    assert encode(datetime(2026, 1, 31, tzinfo=UTC)) == b'"2026-01-31T00:00:00Z"'
