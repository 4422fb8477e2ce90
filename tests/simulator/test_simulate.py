import os
import signal
from io import StringIO
from itertools import pairwise
from threading import Event, Thread

import pytest
from django.core.management import CommandError, call_command, load_command_class

from intraday.simulator import simulate
from intraday.simulator.profiles import OUTAGES, PROFILES
from tests.api_client.fake_api import FakeApi, Reply, serve


def in_background(api: FakeApi, stop: Event, said: list[str]) -> Thread:
    given = {"stop": stop, "seed": 7, "every": 0.02, "say": said.append}
    thread = Thread(target=simulate.run, args=(api.url,), kwargs=given, daemon=True)
    thread.start()
    return thread


def until(condition: object, seconds: float = 10) -> None:
    pause, tries = Event(), int(seconds / 0.02)
    for _ in range(tries):
        if condition():  # type: ignore[operator]
            return
        pause.wait(0.02)
    raise AssertionError("it did not happen in time")


def test_it_posts_until_told_to_stop(api: FakeApi) -> None:
    stop, said = Event(), list[str]()
    thread = in_background(api, stop, said)
    until(lambda: len(api.batches) >= 3)
    stop.set()
    thread.join(5)
    assert not thread.is_alive()
    assert {row["queue_name"] for row in api.batches[0]} == {profile.queue for profile in PROFILES}
    assert {row["organization_id"] for batch in api.batches for row in batch} == {"org_123"}
    assert said == []


def test_an_outage_is_said_once_and_no_item_is_lost_or_counted_twice(api: FakeApi) -> None:
    stop, said = Event(), list[str]()
    api.script = [Reply(503, {}, {"Retry-After": "0"})] * 3 + [Reply(0, hang_up=True)]
    thread = in_background(api, stop, said)
    until(lambda: len(api.batches) >= 3)
    stop.set()
    thread.join(5)
    assert len(said) == 2
    kinds = {kind for kind, _ in api.posts}
    assert kinds == {"shifts", "attendance", "states", "forecast", "backlog", "kpi", "compute"}
    for queue in (profile.queue for profile in PROFILES if profile.deferred):
        rows = [row for batch in api.batches for row in batch if row["queue_name"] == queue]
        for old, new in pairwise(rows):
            assert new["total_items"] == old["total_items"] + new["items_added"] - new["items_completed"]


def test_a_refusal_is_said_once_and_tried_again_later(api: FakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulate, "AFTER_REFUSAL", 0.02)
    stop, said = Event(), list[str]()
    api.script = [Reply(404, {"code": "not_found", "message": "no such organization"})] * 3
    thread = in_background(api, stop, said)
    until(lambda: len(api.batches) >= 2)
    stop.set()
    thread.join(5)
    assert said == ["the server refuses simulated rows: HTTP 404 not_found: no such organization"]


def test_nothing_is_posted_before_the_server_is_up() -> None:
    api, stop, said = FakeApi(), Event(), list[str]()
    server = serve(api)
    port = server.server_address[1]
    server.shutdown()
    server.server_close()
    thread = in_background(api, stop, said)
    Event().wait(0.4)
    server = serve(api, port)
    until(lambda: api.batches)
    stop.set()
    thread.join(5)
    server.shutdown()
    server.server_close()
    assert said == []


def test_a_server_that_never_comes_up_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulate, "START_PATIENCE", 0)
    with pytest.raises(CommandError, match="did not come up"):
        call_command("simulate", "--url", "http://127.0.0.1:9", stdout=StringIO(), stderr=StringIO())


def test_the_command_ends_on_a_signal(api: FakeApi) -> None:
    def end_it() -> None:
        until(lambda: api.batches)
        os.kill(os.getpid(), signal.SIGTERM)

    out = StringIO()
    Thread(target=end_it, daemon=True).start()
    call_command("simulate", "--url", api.url, "--every", "0.05s", "--verbosity", "2", stdout=out)
    assert "backlog: " in out.getvalue()


@pytest.mark.parametrize("command", ["simulate", "up"])
@pytest.mark.parametrize(
    ("words", "environment", "chosen"),
    [
        ([], None, "hourly"),
        (["--outage"], None, "now"),
        (["--outage", "off"], None, "off"),
        ([], "now", "now"),
        (["--outage", "hourly"], "off", "hourly"),
    ],
)
def test_an_outage_is_chosen_by_a_word_or_the_environment(
    command: str, words: list[str], environment: str | None, chosen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("INTRADAY_SIMULATE_OUTAGE", raising=False)
    if environment:
        monkeypatch.setenv("INTRADAY_SIMULATE_OUTAGE", environment)
    parser = load_command_class("intraday", command).create_parser("manage.py", command)

    assert parser.parse_args(words).outage == OUTAGES[chosen]


def test_an_outage_that_is_none_of_the_choices_is_refused_with_them() -> None:
    with pytest.raises(CommandError, match="'daily': write hourly, now, off"):
        call_command("simulate", "--outage", "daily")
