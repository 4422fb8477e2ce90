"""docs/examples/feed_loop.py: what a customer copies."""

import time
from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location
from typing import Any

import httpx2 as httpx
import pytest

from tests.api_client.fake_api import FakeApi, Reply
from tests.live import ROOT


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that it would have slept."""
    waits: list[float] = []
    monkeypatch.setattr(time, "sleep", waits.append)
    return waits


@pytest.fixture
def post(api: FakeApi) -> Callable[[], None]:
    spec = spec_from_file_location("feed_loop", ROOT / "docs/examples/feed_loop.py")
    assert spec is not None
    assert spec.loader is not None
    loop: Any = module_from_spec(spec)
    spec.loader.exec_module(loop)

    def post() -> None:
        with httpx.Client(base_url=api.url) as client:
            loop.post(client, loop.figures())

    return post


@pytest.mark.parametrize(
    ("reply", "at_least"),
    [
        (Reply(500, {"code": "error"}), 0),
        (Reply(502, b"<html>"), 0),
        (Reply(503, {}, {"Retry-After": "7"}), 7),
        (Reply(429, {}, {"Retry-After": "40"}), 40),
        (Reply(429, {}, {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}), 0),
        (Reply(503, {}, {"Retry-After": "soon"}), 0),
        (Reply(408, {}), 0),
        (Reply(200, hang_up=True), 0),
    ],
)
def test_what_may_pass_is_tried_again_and_delivered(
    api: FakeApi, post: Callable[[], None], waits: list[float], reply: Reply, at_least: float
):
    api.script = [reply, reply]
    post()
    assert (api.requests, len(api.batches), len(waits)) == (3, 1, 2)
    assert min(waits) >= at_least


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 413, 415, 422])
def test_what_the_caller_did_wrong_is_not_tried_again(
    api: FakeApi, post: Callable[[], None], waits: list[float], capsys: pytest.CaptureFixture[str], status: int
):
    api.script = [Reply(status, {"code": "wrong", "message": "it says why"})]
    post()
    assert (api.requests, waits) == (1, [])
    assert f"refused: {status}" in (printed := capsys.readouterr().out)
    assert "it says why" in printed


def test_a_server_that_stays_away_is_given_up_with_waits_that_grow_within_a_bound(
    api: FakeApi, post: Callable[[], None], waits: list[float], capsys: pytest.CaptureFixture[str]
):
    api.script = [Reply(500)] * 20
    post()
    assert api.requests == 10
    assert all(0 <= wait <= min(30, 0.5 * 2**attempt) for attempt, wait in enumerate(waits))
    assert "given up" in capsys.readouterr().out
    api.script = []
    post()  # the next rows come through
    assert len(api.batches) == 1
