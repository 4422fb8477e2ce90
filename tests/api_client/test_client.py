import time
from email.utils import formatdate
from random import Random
from threading import Event, Timer

import pytest

from intraday.api_client.client import GaveUpError, Poster, RefusedError, StoppedError, loopback
from intraday.api_client.retry_after import retry_after
from intraday.api_client.rows import Row
from tests.api_client.fake_api import FakeApi, Reply, serve

ROW: Row = {"department_id": "d", "queue_name": "support", "snapshot_time": "2026-01-05T08:00:00Z", "total_items": 3}
BUSY = Reply(503, {"code": "unavailable", "message": "later"}, {"Retry-After": "0"})


def poster(api: FakeApi, **given: float | str | Event) -> Poster:
    return Poster(api.url, random=Random(1), **given)  # type: ignore[arg-type]


def test_an_answer_holds_what_the_server_said_of_every_row(api: FakeApi) -> None:
    api.refuse = lambda row: "negative" if row["total_items"] < 0 else None
    with poster(api) as feed:
        answer = feed.post([ROW, ROW | {"total_items": -1}])
    assert [result["result"] for result in answer.results] == ["created"]
    assert answer.rejected == [{"index": 1, "errors": {"total_items": ["negative"]}}]


def test_a_batch_of_bad_rows_only_is_an_answer_not_a_failure(api: FakeApi) -> None:
    api.refuse = lambda _row: "bad"
    with poster(api) as feed:
        assert feed.post([ROW]).results == []


def test_the_key_is_sent_as_an_api_key_over_one_connection(api: FakeApi) -> None:
    with poster(api, key="k-1") as feed:
        feed.post([ROW])
        feed.post([ROW])
    assert api.keys == {"Api-Key k-1"}
    assert len(api.connections) == 1


@pytest.mark.parametrize("status", [408, 429, 502, 503, 504])
def test_a_busy_server_is_asked_again_and_the_outage_told_once(api: FakeApi, status: int) -> None:
    api.script = [Reply(status, {}, {"Retry-After": "0"})] * 3
    heard: list[str] = []
    with poster(api, patience=30) as feed:
        feed.notice = heard.append
        assert feed.post([ROW]).results[0]["result"] == "created"
    assert heard == [
        f"the server does not take it (HTTP {status}); trying again",
        "the server answers again after 3 more tries",
    ]


def test_a_connection_cut_in_the_answer_is_asked_again(api: FakeApi) -> None:
    api.script = [Reply(0, hang_up=True)]
    with poster(api) as feed:
        assert feed.post([ROW]).results[0]["result"] == "created"


def test_the_pause_is_never_shorter_than_the_server_asks(api: FakeApi) -> None:
    api.script = [Reply(429, {}, {"Retry-After": "0.4"})]
    started = time.monotonic()
    with poster(api) as feed:
        feed.post([ROW])
    assert time.monotonic() - started >= 0.4


def test_patience_ends(api: FakeApi) -> None:
    api.script = [Reply(503, {}, {"Retry-After": "3600"})]
    with poster(api, patience=5) as feed, pytest.raises(GaveUpError, match="HTTP 503"):
        feed.post([ROW])


def test_nobody_at_home_is_given_up_after_patience_too() -> None:
    api = FakeApi()
    server = serve(api)
    server.shutdown()
    server.server_close()
    with poster(api, patience=0.3) as feed, pytest.raises(GaveUpError, match=r"within 0\.3 s"):
        feed.post([ROW])


def test_a_stop_ends_the_waiting(api: FakeApi) -> None:
    api.script = [Reply(503, {}, {"Retry-After": "60"})]
    stop = Event()
    Timer(0.1, stop.set).start()
    with poster(api, stop=stop) as feed, pytest.raises(StoppedError):
        feed.post([ROW])


def test_a_server_that_comes_back_on_its_port_gets_the_batch() -> None:
    api = FakeApi()
    first = serve(api)
    port = first.server_address[1]
    with poster(api, patience=30) as feed:
        feed.post([ROW])
        first.shutdown()
        first.server_close()
        api.script = [Reply(0, hang_up=True)]  # the connection that was kept open dies with its server
        second: list[object] = []
        Timer(0.3, lambda: second.append(serve(api, port))).start()
        assert feed.post([ROW | {"total_items": 9}]).results[0]["result"] == "corrected"
    second[0].shutdown()  # type: ignore[attr-defined]
    second[0].server_close()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("reply", "words", "final"),
    [
        (Reply(401, {"code": "unauthenticated", "message": "no such key"}), "no such key", True),
        (Reply(404, {"code": "not_found", "message": "unknown organization"}), "unknown organization", True),
        (Reply(413, {"code": "too_large", "message": "at most 10 MB"}), "at most 10 MB", False),
        (Reply(400, {"code": "invalid_json", "message": "not JSON"}), "not JSON", False),
        (Reply(500, {"code": "error", "message": "a fault of ours"}), "a fault of ours", False),
        (Reply(200, b"<html>hello</html>"), "is the address right", True),
        (Reply(403, b""), "is the address right", True),
    ],
)
def test_a_refusal_says_what_the_server_said(api: FakeApi, reply: Reply, words: str, final: bool) -> None:
    api.script = [reply]
    with poster(api) as feed, pytest.raises(RefusedError, match=words) as refused:
        feed.post([ROW])
    assert refused.value.final is final
    assert api.requests == 1


def test_a_refusal_and_an_outage_name_the_request(api: FakeApi) -> None:
    refusal = {"code": "error", "message": "a fault of ours", "request_id": "ab12"}
    api.script = [Reply(500, refusal)]
    with poster(api) as feed, pytest.raises(RefusedError, match=r"a fault of ours \(request ab12\)$"):
        feed.post([ROW])
    api.script = [Reply(503, refusal, {"Retry-After": "3600"})]
    with poster(api, patience=5) as feed, pytest.raises(GaveUpError, match=r"HTTP 503 \(request ab12\)$"):
        feed.post([ROW])


def test_health_is_waited_for_and_not_for_ever(api: FakeApi) -> None:
    with poster(api) as feed:
        assert feed.wait_until_healthy(5)
    with Poster("http://127.0.0.1:9") as feed:
        assert not feed.wait_until_healthy(0)


@pytest.mark.parametrize(("header", "seconds"), [(None, None), ("", None), ("3", 3), ("-2", 0), ("soon", None)])
def test_retry_after_in_seconds(header: str | None, seconds: float | None) -> None:
    assert retry_after(header) == seconds


def test_retry_after_as_a_date() -> None:
    assert 8 < (retry_after(formatdate(time.time() + 10, usegmt=True)) or 0) <= 10


@pytest.mark.parametrize(
    ("url", "own"),
    [
        ("http://127.0.0.1:5000", True),
        ("http://localhost", True),
        ("ws://[::1]:5000/ws", True),
        ("https://console.example.org", False),
        ("http://10.0.0.1", False),
    ],
)
def test_our_own_machine_is_reached_without_a_proxy(url: str, own: bool) -> None:
    assert loopback(url) is own
