"""The feed of an Asterisk queue_log: its figures against a reference that was counted second by second."""

import gzip
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from intraday.org.models import Scope
from intraday_client import Client
from intraday_client.connectors.files import ConfigError
from intraday_client.connectors.queue_log import floor as floors
from intraday_client.connectors.queue_log.entries import ZoneInfo, parse
from intraday_client.connectors.queue_log.feed import QueueLogFeed
from tests.documents import ROOT
from tests.live import LiveServer
from tests.python_client.asterisk import OUTCOMES, QUEUES, START, World
from tests.python_client.queue_logs import (
    CONNECT,
    ENTER,
    LENGTH,
    TARGET,
    Rows,
    Site,
    floor_of,
    minutes,
    tally,
)


@pytest.fixture(scope="module")
def world() -> World:
    return World(Random(7))


def expected(world: World) -> dict[tuple[str, int], dict[str, float]]:
    statistics = world.statistics(LENGTH, TARGET)
    return {key: {n: v for n, v in row.items() if v and n != "agents"} for key, row in statistics.items()}


def play(site: Site, world: World, cuts: Iterable[int]) -> None:
    """Write the log up to each of the seconds, and let the feed have a round then."""
    begin = 0
    for cut in [*sorted(cuts), world.seconds]:
        site.write("".join(f"{line}\n" for second, line in world.lines if begin <= second < cut))
        site.now = START + cut
        site.round()
        begin = cut


def test_the_statistics_are_those_that_were_counted_by_the_second(tmp_path: Path, world: World):
    assert len(world.callers) > 200, "there is something to count"
    assert {caller.outcome for caller in world.callers} >= set(OUTCOMES)
    site = Site(tmp_path)
    play(site, world, [])
    assert site.rows.figures() == expected(world)


@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(seed=st.integers(0, 10**6), cuts=st.lists(st.integers(0, 2_399), max_size=6, unique=True))
def test_restarts_at_any_second_change_no_figure(tmp_path_factory: pytest.TempPathFactory, seed: int, cuts: list[int]):
    world = World(Random(seed), 2_400)
    whole, cut = Site(tmp_path_factory.mktemp("whole")), Site(tmp_path_factory.mktemp("cut"))
    play(whole, world, [])
    play(cut, world, cuts)
    assert cut.rows.figures() == whole.rows.figures() == expected(world)
    assert cut.rows.states == whole.rows.states


def test_an_ended_interval_has_the_agents_who_were_there(tmp_path: Path, world: World):
    site = Site(tmp_path)
    play(site, world, range(0, 3_600, 300))
    statistics = world.statistics(LENGTH, TARGET)
    ended = {key: row for key, row in site.rows.intervals.items() if "waiting_now" not in row}
    assert len(ended) == 8
    for (queue, start), row in ended.items():
        assert row["agents"] == statistics[queue, minutes(start) * 60 // LENGTH].get("agents", 0)


def test_the_running_interval_says_who_waits_and_how_long(tmp_path: Path, world: World):
    site = Site(tmp_path)
    play(site, world, [])
    for queue in QUEUES:
        waits = [world.seconds - caller.entered for caller in world.waiting() if caller.queue == queue]
        row = site.rows.intervals[queue, "2026-01-31T11:00:00Z"]
        assert row["waiting_now"] == len(waits)
        assert row["longest_wait_seconds"] == max(waits, default=0)
        assert row["waiting_past_target"] == sum(wait > TARGET for wait in waits)
        talking = [caller for caller in world.talking.values() if caller.queue == queue]
        assert row["agents_on_contact"] == len(talking)
        assert row["agents"] == sum(world.is_known(agent, queue, world.seconds) for agent in world.members)


# --- rotation ---------------------------------------------------------------------------------------------------------
def rename(site: Site) -> None:
    """Move the files of before up by one, as logrotate does."""
    older = sorted(site.log.parent.glob("queue_log.*"), key=lambda path: -int(path.name.split(".")[1]))
    for path in older:
        name, number, *ending = path.name.split(".")
        path.rename(path.with_name(".".join([name, str(int(number) + 1), *ending])))
    site.log.rename(site.log.with_name("queue_log.1"))
    site.log.touch()


def compress(site: Site) -> None:
    rename(site)
    plain = site.log.with_name("queue_log.1")
    site.log.with_name("queue_log.1.gz").write_bytes(gzip.compress(plain.read_bytes()))
    plain.unlink()


def copy_and_empty(site: Site) -> None:
    copies = len(list(site.log.parent.glob("queue_log-*")))
    site.log.with_name(f"queue_log-2026013{copies}").write_bytes(site.log.read_bytes())
    site.log.write_bytes(b"")


@pytest.mark.parametrize("rotate", [rename, compress, copy_and_empty])
def test_rotation_in_the_middle_of_calls_loses_and_doubles_nothing(tmp_path: Path, world: World, rotate: Any):
    site, begin = Site(tmp_path), 0
    for cut in range(450, 3_601, 450):
        before = [line for second, line in world.lines if begin <= second < cut - 100]
        after = [line for second, line in world.lines if cut - 100 <= second < cut]
        site.write("".join(f"{line}\n" for line in before))
        site.now = START + cut - 100
        if cut == 900:  # the whole old file was read; else its end is read after the rotation
            site.round()
        if cut in (900, 1_800, 2_250):
            rotate(site)
        site.write("".join(f"{line}\n" for line in after))
        if cut != 1_800:  # twice rotated between two rounds
            site.now = START + cut
            site.round()
        begin = cut
    assert site.rows.figures() == expected(world)


def enter(second: int) -> str:
    return f"{START + second}|1.{second}|support|NONE|ENTERQUEUE||1|1\n"


@pytest.mark.parametrize("part", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("rotated_before_the_round", [1, 2])
def test_an_archive_beside_the_file_that_it_is_made_of_is_not_read(
    tmp_path: Path, part: float, rotated_before_the_round: int
):
    """As logrotate is at work: `queue_log.1.gz` grows, and only then is `queue_log.1` removed."""
    site = Site(tmp_path)
    site.write("".join(map(enter, range(300))))
    site.round()
    for number in range(rotated_before_the_round):
        site.write(enter(300 + number))
        rename(site)
    archive = gzip.compress(site.log.with_name("queue_log.1").read_bytes())
    site.log.with_name("queue_log.1.gz").write_bytes(archive[: int(len(archive) * part)])
    site.write(enter(400))
    site.now = START + 500
    site.round()
    assert site.rows.intervals["support", "2026-01-31T10:00:00Z"]["offered"] == 300 + rotated_before_the_round + 1


def test_an_archive_that_breaks_off_ends_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    site = Site(tmp_path)
    site.write(enter(0))
    site.round()
    rename(site)
    site.write("".join(map(enter, range(1, 300))))
    compress(site)
    archive = site.log.with_name("queue_log.1.gz")
    archive.write_bytes(archive.read_bytes()[:-12])
    site.write(enter(400))
    site.now = START + 500
    site.round()
    assert "is not whole" in caplog.text
    assert site.rows.intervals["support", "2026-01-31T10:00:00Z"]["waiting_now"] > 2
    before = len(caplog.records)
    site.round()
    assert len(caplog.records) == before


def test_a_path_where_nothing_lies_is_said_at_the_start(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    config = {"state": str(tmp_path / "s"), "organization_id": "o", "department_id": "d"}
    feed = QueueLogFeed.from_config(config | {"path": str(tmp_path / "queue-log")})
    for _ in range(2):
        feed.round(Rows())
    assert [record.message for record in caplog.records] == [
        f"{tmp_path}/queue-log is not there, or may not be read by this user: is the path right? Waiting for it"
    ]


def test_a_line_that_is_still_being_written_is_read_when_it_is_whole(tmp_path: Path):
    site = Site(tmp_path)
    site.write(f"{START}|1.1|support|NONE|ENTER")
    site.round()
    assert site.rows.intervals == {}
    site.write("QUEUE||5550|1\n")
    site.round()
    assert site.rows.intervals["support", "2026-01-31T10:00:00Z"]["offered"] == 1


def test_a_rotated_file_that_is_gone_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    site = Site(tmp_path)
    site.write(f"{START}|1.1|support|NONE|ENTERQUEUE||5550|1\n")
    site.round()
    site.log.write_text(f"{START + 1}|1.2|support|NONE|ENTERQUEUE||5551|1\n")
    site.round()
    assert "is lost" in caplog.text
    assert site.rows.intervals["support", "2026-01-31T10:00:00Z"]["offered"] == 2


def test_what_was_not_posted_is_posted_again_and_counts_once(tmp_path: Path):
    site = Site(tmp_path)
    site.write(f"{START}|1.1|support|NONE|ENTERQUEUE||5550|1\n")
    site.rows.broken = True
    with pytest.raises(OSError, match="away"):
        site.round()
    assert not site.state.exists()
    site.rows.broken = False
    site.round()
    site.round()
    assert site.rows.intervals["support", "2026-01-31T10:00:00Z"]["offered"] == 1


# --- single events ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("lines", "figures"),
    [
        ([ENTER], {"offered": 1}),
        ([ENTER, "30|1.1|support|NONE|ABANDON|1|1|30"], {"offered": 1, "abandoned": 1}),
        ([ENTER, "9|1.1|support|NONE|ABANDON|1|1|9"], {"offered": 1, "abandoned": 1, "abandoned_in_target": 1}),
        ([ENTER, "5|1.1|support|Ann|AGENTDUMP|"], {"offered": 1, "abandoned": 1, "abandoned_in_target": 1}),
        ([ENTER, "25|1.1|support|Ann|SYSCOMPAT|"], {"offered": 1, "abandoned": 1}),
        ([ENTER, "9|1.1|support|NONE|WITHDRAW|1|1|9|"], {"offered": 1, "abandoned": 1, "abandoned_in_target": 1}),
        ([ENTER, "30|1.1|support|NONE|WITHDRAW|1|1|30|5"], {"offered": 1, "abandoned": 1}),
        ([ENTER, "14405|1.1|support|NONE|ABANDON|1|1|14405"], {"offered": 1, "abandoned": 1}),
        ([ENTER, "30|1.1|support|NONE|ABANDON|1|1|17691769854300"], {"offered": 1, "abandoned": 1}),
        (["30|1.1|support|NONE|ABANDON|1|1|inf"], {"offered": 1, "abandoned": 1, "abandoned_in_target": 1}),
        ([ENTER, "25|NONE|NONE|NONE|QUEUESTART|"], {"offered": 1, "abandoned": 1}),
        ([ENTER, "25|NONE|NONE|NONE|CONFIGRELOAD|", "26|NONE|support|Ann|PENALTY|3"], {"offered": 1}),
        ([ENTER, "5|1.1|support|NONE|DID|5559", "6|1.1|support|NONE|INFO|x|y"], {"offered": 1}),
        (["30|1.1|support|NONE|ABANDON|1|1|30"], {"offered": 1, "abandoned": 1}),
        (["-1|1.0|support|Ann|COMPLETECALLER|3|40|1"], {}),
    ],
)
def test_events_of_waiting_calls_are_counted(lines: list[str], figures: dict[str, int]):
    floor = floor_of(*lines)
    assert (tally(floor) if floor.tallies.by_interval else {}) == figures


@pytest.mark.parametrize(
    ("event", "again"),
    [
        ("COMPLETEAGENT|10|90|1", ""),
        ("TRANSFER|600|from-internal|10|90|1", ""),
        ("BLINDTRANSFER|600|from-internal|10|90|1", "100|1.1|sales|NONE|ENTERQUEUE||5550|1"),
        ("ATTENDEDTRANSFER|BRIDGE|5f3c|10|90|1", ""),
    ],
)
def test_a_talk_ends_with_the_hang_up_or_a_transfer_and_the_other_queue_gets_a_call_of_its_own(event: str, again: str):
    floor = floor_of(ENTER, CONNECT, f"100|1.1|support|Ann|{event}", *([again] if again else []))
    figures = tally(floor)
    assert figures.pop("available_seconds") == 500  # Ann is free again
    assert figures == {"offered": 1, "answered": 1, "answered_in_target": 1, "wait_seconds": 10, "handle_seconds": 90}
    if again:
        assert tally(floor, "sales") == {"offered": 1}
        assert floor.live("sales")["waiting_now"] == 1


def test_a_ring_without_answer_leaves_the_caller_waiting_and_shows_a_member_of_the_queue():
    floor = floor_of(ENTER, "20|1.1|support|Ann|RINGNOANSWER|15000", "30|1.1|support|Ann|RINGCANCELED|900", end=60)
    assert floor.live("support") == {"waiting_now": 1, "longest_wait_seconds": 60, "waiting_past_target": 1}
    assert floor.agents.counts("support") == {"agents": 1, "agents_available": 1, "agents_on_contact": 0}
    assert tally(floor)["available_seconds"] == 40


def test_calls_whose_end_was_not_logged_end_all_the_same():
    floor = floor_of(ENTER, CONNECT, "200|2.1|support|NONE|ENTERQUEUE||1|1", "210|2.1|support|Ann|CONNECT|10|2.2|1")
    assert tally(floor)["handle_seconds"] == 590
    assert len(floor.calls) == 1
    floor = floor_of(ENTER, end=floors.LONGEST_WAIT + 1)
    assert floor.live("support")["waiting_now"] == 0
    assert tally(floor) == {"offered": 1, "abandoned": 1}


def test_a_call_that_began_before_the_log_counts_where_it_entered():
    floor = floor_of("100|1.1|support|Ann|CONNECT|40|1.2|3")
    assert tally(floor)["wait_seconds"] == 40
    assert floor.tallies.by_interval["support", START].offered == 1


def test_a_caller_who_is_answered_after_she_was_taken_for_lost_changes_no_interval_of_long_ago():
    floor = floor_of(ENTER, "18000|1.1|support|Ann|CONNECT|18000|1.2|3", end=18_010)
    assert tally(floor) == {"offered": 1, "abandoned": 1}
    later = floor.tallies.by_interval["support", START + 18_000]
    assert (later.offered, later.answered, later.answered_in_target) == (1, 1, 0)


def test_each_queue_may_have_its_own_target():
    lines = [ENTER, "10|1.1|support|Ann|CONNECT|10|1.2|3"]
    assert tally(floor_of(*lines, targets={"support": 9}))["answered"] == 1
    assert "answered_in_target" not in tally(floor_of(*lines, targets={"support": 9}))


@pytest.mark.parametrize(
    ("text", "zone", "time"),
    [
        ("1769853600", "Europe/Berlin", START),
        ("1769853600.25", "UTC", START + 0.25),
        ("2026-01-31 11:00:00.500000", "Europe/Berlin", START + 0.5),
        ("2026-07-31 12:00:00", "Europe/Berlin", 1_785_492_000),
        ("2026-01-31T10:00:00+00:00", "Europe/Berlin", START),
    ],
)
def test_times_of_the_file_are_of_no_zone_and_those_of_the_table_of_its_own(text: str, zone: str, time: float):
    entry = parse(f"{text}|1|support|NONE|ENTERQUEUE||1|1", ZoneInfo(zone))
    assert entry is not None
    assert entry.time == time


NEW_YORK, BERLIN = "America/New_York", "Europe/Berlin"


@pytest.mark.parametrize(
    ("line", "zone"),
    [
        ("x", "UTC"),
        ("soon|1|support|NONE|ENTERQUEUE", "UTC"),
        ("1|2|3|4", "UTC"),
        ("1|2|3|4|", "UTC"),
        # a line that ran into another one; no number; long before and after there was an Asterisk to write it
        ("17691769854300|1.2|support|NONE|ENTERQUEUE||1|1", "UTC"),
        ("nan|1.2|support|NONE|ENTERQUEUE||1|1", "UTC"),
        ("inf|1.2|support|NONE|ENTERQUEUE||1|1", "UTC"),
        ("1769|NONE|support|Ann|ADDMEMBER|", "UTC"),
        (f"{START + 172_800}|1.2|support|NONE|ENTERQUEUE||1|1", "UTC"),
        ("9999-12-31 23:59:00|1.2|support|NONE|ENTERQUEUE||1|1", NEW_YORK),
        ("0001-01-01 00:00:00|1.2|support|NONE|ENTERQUEUE||1|1", BERLIN),
    ],
)
def test_a_line_that_is_no_entry_is_left_out_and_said(
    tmp_path: Path, line: str, zone: str, caplog: pytest.LogCaptureFixture
):
    site = Site(tmp_path, zone=ZoneInfo(zone))
    site.write(f"{line}\n{START}|1.1|support|NONE|ENTERQUEUE||5550|1\n")
    site.round()
    assert site.rows.intervals["support", "2026-01-31T10:00:00Z"]["offered"] == 1
    assert len(site.rows.intervals) == 1
    assert "left out" in caplog.text


def waits(site: Site, after: int) -> tuple[str, float]:
    """The time of the figures of support after so many seconds, and how long the caller has waited."""
    site.now = START + after
    site.round()
    row = site.rows.intervals["support", "2026-01-31T10:00:00Z"]
    return row["as_of"], row["longest_wait_seconds"]


def test_a_line_of_the_future_counts_as_of_now(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    site = Site(tmp_path)
    site.write(f"{START + 7_200}|NONE|NONE|NONE|QUEUESTART|\n{START + 5}|1.1|support|NONE|ENTERQUEUE||1|1\n")
    assert waits(site, 10) == ("2026-01-31T10:00:10Z", 5)
    assert waits(site, 30) == ("2026-01-31T10:00:30Z", 25)
    assert "7190 s ahead" in caplog.text


def test_a_clock_that_is_set_back_takes_the_figures_back_with_it(tmp_path: Path):
    site = Site(tmp_path)
    site.write(f"{START}|NONE|support|SIP/100|ADDMEMBER|\n{START + 5}|1.1|support|NONE|ENTERQUEUE||1|1\n")
    site.now = START + 7_200
    site.round()
    site.rows.intervals.clear()
    assert waits(site, 60) == ("2026-01-31T10:01:00Z", 55)
    assert list(site.rows.intervals) == [("support", "2026-01-31T10:00:00Z")]
    site.write(f"{START + 65}|1.1|support|NONE|ABANDON|1|1|60\n")
    assert waits(site, 70) == ("2026-01-31T10:01:10Z", 0)


def test_an_agent_whom_the_log_calls_by_interface_and_by_name_is_one_person(tmp_path: Path):
    site = Site(tmp_path)
    for line in (
        "0|1|support|SIP/100|ADDMEMBER|",
        "5|1.1|support|NONE|ENTERQUEUE||1|1",
        "10|1.1|support|Agent 100|CONNECT|5|1.2|3",
        "60|1.1|support|Agent 100|COMPLETEAGENT|5|50|1",
        "200|1|support|SIP/100|REMOVEMEMBER|",
    ):
        second, _, rest = line.partition("|")
        site.write(f"{START + int(second)}|{rest}\n")
        site.now = START + int(second)
        site.round()
        counted = site.rows.intervals["support", "2026-01-31T10:00:00Z"]
        assert counted["agents"] == (0 if second == "200" else 1)
    assert (counted["handle_seconds"], counted["available_seconds"]) == (50, 150)
    assert {employee for employee, _ in site.rows.states} == {"e100"}


def test_an_agent_who_gets_an_employee_later_is_no_second_one(tmp_path: Path):
    site = Site(tmp_path)
    site.write(f"{START}|1|support|SIP/9|ADDMEMBER|\n{START + 5}|1.1|support|NONE|ENTERQUEUE||1|1\n")
    site.round()
    site.options["employees"] = {"SIP/9": "e9", "Zoe": "e9"}
    site.write(f"{START + 10}|1.1|support|Zoe|CONNECT|5|1.2|3\n")
    site.now += 20
    site.round()
    assert site.rows.intervals["support", "2026-01-31T10:00:00Z"]["agents"] == 1


def test_the_state_of_the_version_before_is_read(tmp_path: Path):
    """Kept at 100 s: Ann was logged in and paused everywhere, Bob was known for an hour from 10 s on, and talks."""
    site = Site(tmp_path)
    site.write(f"{START}|1.1|support|NONE|ENTERQUEUE||1|1\n")
    site.round()
    kept = json.loads(site.state.read_text()) | {"version": 1}
    ann = {"queues": ["support"], "lapses": None, "pauses": {"": "Lunch"}, "talking": "", "counted_to": START + 100}
    bob = {"queues": ["support"], "lapses": START + 3_610, "pauses": {}, "talking": "support"}
    agents = {"Ann": ann | {"told": []}, "Bob": bob | {"told": [], "counted_to": START + 100}}
    kept["floor"] |= {"now": START + 100, "agents": agents, "calls": [["support", "1.1", START, "Bob"]]}
    site.state.write_text(json.dumps(kept))
    site.write(f"{START + 200}|NONE|support|Ann|UNPAUSE|\n{START + 300}|1.1|support|Bob|COMPLETEAGENT|5|50|1\n")
    site.now = START + 400
    site.round()
    row = site.rows.intervals["support", "2026-01-31T10:00:00Z"]
    assert (row["handle_seconds"], row["available_seconds"]) == (200, 200 + 100)


def test_a_long_reason_of_a_pause_is_cut_to_what_the_server_takes(tmp_path: Path):
    site = Site(tmp_path)
    site.write(f"{START}|NONE|support|Ann|PAUSE|{'x' * 70}\n")
    site.round()
    [state] = site.rows.states.values()
    assert state["reason"] == "x" * 64


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ({"interval_minutes": 7}, "none of 5, 10"),
        ({"pause_reasons": {"x": "gone"}}, "gone"),
        ({"state": None}, "state is missing"),
        ({"target_seconds": "20"}, "not of the type float"),
        ({"target_seconds_of": {"sales": "30"}}, "target_seconds_of.sales = '30' is not of the type float"),
        ({"target_seconds_of": 30}, "target_seconds_of = 30 is not of the type dict"),
        ({"queue_names": {"600": 5}}, "queue_names.600 = 5 is not of the type str"),
        ({"employees": {"SIP/1": 1}}, "employees.SIP/1 = 1 is not"),
        ({"pause_reasons": {"x": ["lunch"]}}, "pause_reasons.x = "),
        ({"zone": "Berlin"}, "zone = 'Berlin' is no IANA time zone"),
        ({"zone": "Europe"}, "zone = 'Europe' is no IANA time zone"),
        ({"zone": "/etc/passwd"}, "zone = '/etc/passwd' is no IANA time zone"),
        ({"zone": ""}, "zone = '' is no IANA time zone"),
    ],
)
def test_a_wrong_configuration_is_refused_by_name(entries: dict[str, Any], words: str):
    config = {"state": "s", "organization_id": "o", "department_id": "d"} | entries
    with pytest.raises(ConfigError, match=re.escape(words)):
        QueueLogFeed.from_config({name: value for name, value in config.items() if value is not None})


# --- the process ------------------------------------------------------------------------------------------------------
def test_the_process_of_the_page_posts_to_the_server_and_ends_on_sigterm(
    server: LiveServer, key: str, support: Scope, tmp_path: Path
):
    page = (ROOT / "docs/connectors/asterisk.md").read_text()
    config = page.partition("```toml\n")[2].partition("```")[0]
    for place in ("/var/log/asterisk/queue_log", "/var/lib/intraday-feed/queue_log.json", "http://localhost:5000"):
        assert place in config
    config = config.replace("/var/log/asterisk/queue_log", str(tmp_path / "queue_log"))
    config = config.replace("/var/lib/intraday-feed/queue_log.json", str(tmp_path / "state.json"))
    config = config.replace("http://localhost:5000", server.http).replace("every_seconds = 10", "every_seconds = 0.2")
    (tmp_path / "feed.toml").write_text(config)
    (tmp_path / "queue_log").write_text(f"{ENTER}\n".replace("0|1.1", f"{START}|1.1", 1))
    environment = {**os.environ, "INTRADAY_API_KEY": key, "PYTHONPATH": str(ROOT / "clients/python/src")}
    command = [sys.executable, "-m", "intraday_client", "feed", str(tmp_path / "feed.toml")]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        try:
            with Client(server.http, key) as client:
                query = {"organization_id": "org_123", "queue_name": "support", "date": "2026-01-31"}
                for _ in range(200):
                    grid = json.dumps(client.get("/api/intraday/kpi/intervals", query))
                    if '"offered": 1,' in grid:
                        break
                    client.sleep(0.05)
        finally:
            process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=20)
    assert '"offered": 1,' in grid, errors
    assert process.returncode == 0, errors
    assert json.loads((tmp_path / "state.json").read_text())["place"]["offset"] > 0
