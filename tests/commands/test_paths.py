"""The pages of docs/paths/ and the tutorial, typed as they stand: from a fresh start to a figure that moves."""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx2 as httpx
import pytest

from tests.commands.terminal import Terminal, commands_of, until
from tests.documents import ROOT
from tests.live import ProcessServer
from tests.notifications.receiver import receiver

PATHS = sorted(f"paths/{page.name}" for page in (ROOT / "docs/paths").glob("*.md"))
START = "INTRADAY_SIMULATE=0 make run"
WITH_ORIGIN = "INTRADAY_SIMULATE=0 INTRADAY_ALLOWED_ORIGINS=http://localhost:8080 make run"
pytestmark = pytest.mark.debian("curl")


@pytest.fixture(scope="module")
def open_terminal(fresh: ProcessServer, var: Path, portal: str) -> Callable[[Path], Terminal]:
    addresses = {"localhost:5000": f"127.0.0.1:{fresh.port}", "http://localhost:8080": portal}
    addresses["https://console.example"] = fresh.http
    embedded = {"DATABASE_URL": "", "REDIS_URL": "", "INTRADAY_VAR": str(var), "INTRADAY_WEBHOOK_PRIVATE": "1"}
    of_portal = {"INTRADAY_URL": fresh.http, "PORT": str(urlsplit(portal).port)}
    return lambda folder: Terminal(folder, addresses, embedded | of_portal)


@pytest.fixture
def terminal(open_terminal: Callable[[Path], Terminal], tmp_path: Path) -> Iterator[Terminal]:
    with open_terminal(tmp_path) as found:
        yield found


@pytest.fixture(scope="module")
def feeds(open_terminal: Callable[[Path], Terminal], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    """A terminal in the folder of the feeds, with the client installed: both pages begin with the same commands."""
    _, place, install, *_ = commands_of("paths/asterisk.md")
    assert commands_of("paths/ticket-export.md")[1:3] == [place, install]
    with open_terminal(tmp_path_factory.mktemp("feeds")) as found:
        found.type(place, install)
        yield found


@pytest.mark.parametrize("page", ["tutorial.md", *PATHS])
def test_a_path_takes_at_most_twelve_commands_from_a_fresh_start(page: str):
    start, *others = commands_of(page)
    assert start in (START, WITH_ORIGIN)  # which is what the tests start here
    assert 5 < len(others) < 12


def test_the_five_paths_are_there():
    assert [Path(page).stem for page in PATHS] == ["asterisk", "front-end", "grafana", "slack", "ticket-export"]


def test_the_tutorial_leads_to_an_alert_that_somebody_has_taken(terminal: Terminal):
    _, listen, post, current, burn, alerts, *take = commands_of("tutorial.md")
    heard = terminal.start(listen)
    until(lambda: "subscribed" in heard(), "the listener subscribes")
    assert '"result":"created"' in terminal.type(post)
    until(lambda: "total 240" in heard(), "the figure moves")
    assert '"total_items":240' in terminal.type(current)
    assert '"result":"created"' in terminal.type(burn)
    until(lambda: "alert:triggered" in heard(), "the alert is heard")
    assert '"status":"pending"' in terminal.type(alerts)
    assert '"status":"acknowledged"' in terminal.type(*take)
    until(lambda: "alert:acknowledged" in heard(), "everybody hears that it is taken")


def test_a_queue_log_moves_waiting_calls(feeds: Terminal):
    configure, feed, *there, calls, current, answer, again = commands_of("paths/asterisk.md")[3:]
    assert again == current
    feeds.type(configure)
    said = feeds.start(feed)
    feeds.type(*there, calls)
    until(lambda: '"waiting_now":2,' in feeds.type(current), f"two callers wait: {said()}")
    feeds.type(answer)
    until(lambda: '"waiting_now":1,' in feeds.type(again), f"one is answered: {said()}")
    assert '"answered":1,' in feeds.type(again)


def test_an_export_of_tickets_moves_the_backlog(feeds: Terminal):
    *configure, feed, there, first, current, second, again = commands_of("paths/ticket-export.md")[3:]
    assert again == current
    feeds.type(*configure)
    said = feeds.start(feed)
    feeds.type(there, first)
    until(lambda: '"total_items":3,' in feeds.type(current), f"three tickets wait: {said()}")
    feeds.type(second)
    until(lambda: '"total_items":4,' in feeds.type(again), f"one of five is closed: {said()}")


def test_a_page_of_ones_own_origin_shows_a_figure_that_moves(terminal: Terminal, fresh: ProcessServer, portal: str):
    if not shutil.which("npm"):
        pytest.skip("the path needs Node.js with npm")
    _, key, *prepare, serve, there, program, listen, post = commands_of("paths/front-end.md")
    terminal.type(key, *prepare)
    backend = terminal.start(serve)
    until(lambda: "The portal is at" in backend(), "the portal's backend starts")
    assert "intraday-realtime" in httpx.get(portal).text
    terminal.type(there, program)
    heard = terminal.start(listen)
    until(lambda: "no figures yet" in heard(), f"it listens: {heard()}")
    assert '"result":"created"' in terminal.type(post)
    until(lambda: "returns: 12" in heard(), f"the figure moves: {heard()}")
    answer = httpx.get(f"{fresh.http}/api/intraday/backlog/current", headers={"Origin": portal})
    assert answer.headers["Access-Control-Allow-Origin"] == portal


OF_GRAFANA = "curl -u admin:admin http://localhost:3000"


def test_a_scrape_shows_a_figure_that_moves_and_all_that_the_dashboard_asks_for(terminal: Terminal, tmp_path: Path):
    _, copy, key, there, post, scrape, configure, check, collect, *imports = commands_of("paths/grafana.md")
    assert collect.startswith("prometheus --config.file=")  # Prometheus and Grafana are not here
    assert all(command.startswith(OF_GRAFANA) for command in imports)
    terminal.type(copy, key, there)
    for items in (30, 41):
        terminal.type(post.replace('"total_items": 30', f'"total_items": {items}'))
        scraped = terminal.type(scrape)
        assert re.search(rf'^intraday_backlog_items{{.*queue="billing"}} {items}(\.0)?$', scraped, re.MULTILINE)
    terminal.type(configure)
    if shutil.which("promtool"):
        terminal.type(check)
    folder = tmp_path / "monitoring"
    assert (folder / "read_key").stat().st_mode & 0o077 == 0
    asked = set(re.findall(r"\bintraday_[a-z_]+", (folder / "business.json").read_text()))
    assert asked - set(re.findall(r"^# TYPE (\S+)", scraped, re.MULTILINE)) == set()
    assert len(asked) > 20


def test_an_alert_reaches_slack(terminal: Terminal):
    _, address, channel, try_it, route, rule, post, alerts, deliveries = commands_of("paths/slack.md")
    with receiver() as slack:
        terminal.type(re.sub(r"https://hooks\.slack\.com\S+", slack.url, address), channel)
        assert "answered 200" in terminal.type(try_it)
        assert len(slack.requests) == 1
        assert '"name":"Sales pile up"' in terminal.type(route, rule)
        assert '"result":"created"' in terminal.type(post)
        until(lambda: len(slack.requests) == 2, "the alert reaches Slack")
        assert '"status":"pending"' in terminal.type(alerts)
        message = json.loads(slack.requests[1][1])["blocks"][0]["text"]["text"]
        assert "sales" in message
        assert "240" in message
        until(lambda: '"outcome":"sent"' in terminal.type(deliveries), "the delivery is settled")


def test_a_stream_of_http_hears_what_the_page_of_streams_publishes(terminal: Terminal):
    listen, notify, publish = commands_of("streams.md")
    scopes = "--scope read --scope publish"
    terminal.type(f"export KEY=$(.venv/bin/python manage.py apikey create --organization org_123 {scopes})")
    heard = terminal.start(listen)
    until(lambda: "custom:snapshot" in heard() or "subscribed" in heard(), f"it listens: {heard()}")
    terminal.type(notify, publish)
    until(lambda: "Maintenance at 22:00" in heard() and "acme:lunch" in heard(), f"both are heard: {heard()}")
