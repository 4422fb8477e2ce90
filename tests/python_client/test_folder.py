"""The feed of a folder: samples of other systems' exports, read with the maps of the page."""

import gzip
import json
import logging
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from intraday.org.models import Scope
from intraday_client import Client
from intraday_client.__main__ import main
from intraday_client.connectors.files import ConfigError, read_config
from intraday_client.connectors.folder import FolderFeed
from intraday_client.kinds import BACKLOG, INTERVALS, SHIFTS, Kind
from tests.documents import ROOT
from tests.live import LiveServer

PAGE = ROOT / "docs/connectors"
CONFIG = (PAGE / "folder.md").read_text().partition("```toml\n")[2].partition("```")[0]
NOON = 1_769_857_200.0  # 2026-01-31T11:00:00Z
Row = dict[str, Any]


class Site:
    """The configuration of the page, in a folder of the test."""

    def __init__(self, folder: Path) -> None:
        self.exports, self.config = folder / "exports", folder / "folder.toml"
        self.exports.mkdir()
        shutil.copytree(PAGE / "maps", folder / "maps")
        text = CONFIG.replace("/srv/exports", str(self.exports))
        self.config.write_text(text.replace("/var/lib/intraday-feed/folder.json", str(folder / "state.json")))
        self.posts: list[tuple[Kind[Any], list[Row]]] = []

    def drop(self, sample: str, name: str, at: float = NOON) -> Path:
        path = Path(shutil.copy(PAGE / "samples" / sample, self.exports / name))
        os.utime(path, (at, at))
        return path

    def feed(self) -> FolderFeed:
        config = read_config(self.config) | {"_folder": str(self.config.parent)}
        for name in ("kind", "url", "every_seconds"):
            del config[name]
        feed = FolderFeed.from_config(config)
        assert config == {}, "the feed takes every entry of the page"
        return feed

    def round(self, now: float = NOON + 60, feed: FolderFeed | None = None) -> list[tuple[Kind[Any], list[Row]]]:
        """One round, of a feed that was started anew if none is given; what it posted."""
        feed, before = feed or self.feed(), len(self.posts)
        feed.clock = lambda: now
        feed.round(lambda kind, rows: self.posts.append((kind, rows)))
        return self.posts[before:]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def of_queues(rows: list[Row], *names: str) -> dict[str, tuple[Any, ...]]:
    return {row["queue_name"]: tuple(row.get(name) for name in names) for row in rows}


def test_incidents_of_servicenow_are_the_open_ones_by_group_with_its_own_verdict(site: Site):
    site.drop("servicenow_incidents.csv", "incidents.csv")
    [(kind, rows)] = site.round()
    assert kind is BACKLOG
    assert {row["snapshot_time"] for row in rows} == {"2026-01-31T11:00:00Z"}
    assert {row["department_id"] for row in rows} == {"dept_456"}
    names = ("total_items", "average_wait_time_minutes", "oldest_item_age_minutes", "items_over_sla")
    assert of_queues(rows, *names) == {  # times are of Berlin: 12:00 is now
        "Service Desk": (2, 150.0, 180.0, 0),
        "Network": (1, 240.0, 240.0, 1),
        "unassigned": (1, 90.0, 90.0, 0),
        "Field": (0, 0.0, 0.0, 0),
    }


def test_tickets_of_zendesk_are_late_by_the_age_that_the_configuration_says(site: Site):
    site.drop("zendesk_tickets.csv", "tickets.csv")
    site.config.write_text(site.config.read_text().replace("sla_minutes = 480", "sla_minutes = 200"))
    [(_, rows)] = site.round()
    assert of_queues(rows, "total_items", "items_over_sla") == {
        "Support": (2, 1),
        "Billing": (0, 0),
        "unassigned": (1, 0),
    }


def test_a_queue_that_is_empty_now_is_told_as_empty(site: Site):
    site.drop("zendesk_tickets.csv", "tickets-1.csv")
    site.round()
    later = site.drop("zendesk_tickets.csv", "tickets-2.csv", NOON + 600)
    later.write_text("Id,Group,Status,Created at,Solved at\n1,Billing,Open,2026-01-31 10:00,-\n")
    os.utime(later, (NOON + 600, NOON + 600))
    [(_, rows)] = site.round(NOON + 700)
    assert of_queues(rows, "total_items") == {"Billing": (1,), "Support": (0,), "unassigned": (0,)}


TICKETS = "Id,Group,Status,Created at,Solved at\n"


@pytest.mark.parametrize(
    "bad",
    [
        "2,Support,Open,31/01/2026 10:00,-",  # another spelling of dates
        "2,Support,Parked,2026-01-31 10:00,-",  # a status that the map lacks
        "2,,Open,2026-01-31 10:00,-,-",  # too many cells
    ],
)
@pytest.mark.parametrize("good", ["", "1,Support,Open,2026-01-31 10:00,-\n"])
def test_a_list_of_tickets_with_a_bad_line_is_not_posted_as_a_smaller_backlog(
    site: Site, bad: str, good: str, caplog: pytest.LogCaptureFixture
):
    first = site.drop("zendesk_tickets.csv", "tickets-1.csv")
    first.write_text(f"{TICKETS}1,Support,Open,2026-01-31 10:00,-\n2,Support,Open,2026-01-31 10:00,-\n")
    os.utime(first, (NOON, NOON))
    [(_, rows)] = site.round()
    assert of_queues(rows, "total_items") == {"Support": (2,)}
    second = site.drop("zendesk_tickets.csv", "tickets-2.csv", NOON + 600)
    second.write_text(f"{TICKETS}{good}{bad}\n")
    os.utime(second, (NOON + 600, NOON + 600))
    assert site.round(NOON + 700) == []
    assert "tickets-2.csv is not posted: 1 of" in caplog.text
    caplog.clear()
    assert site.round(NOON + 710) == []
    assert caplog.text == "", "it is said once"
    second.write_text(f"{TICKETS}1,Billing,Open,2026-01-31 10:00,-\n")
    os.utime(second, (NOON + 800, NOON + 800))
    [(_, rows)] = site.round(NOON + 900)
    assert of_queues(rows, "total_items") == {"Billing": (1,), "Support": (0,)}


def service_levels(row: Row) -> dict[str, float]:
    a, answered, b = row["answered_in_target"], row["answered"], row["abandoned_in_target"]
    late = row["abandoned"] - b
    return {"ignore": 100 * a / (answered + late), "positive": 100 * (a + b) / (answered + b + late)}


def test_amazons_service_level_is_positive_of_its_counts(site: Site):
    site.drop("amazon_connect_queues.csv", "connect.csv")
    [(kind, rows)] = site.round()
    assert kind is INTERVALS
    first, sales, empty = rows
    assert (first["offered"], first["answered"], first["abandoned"]) == (40, 36, 4)
    assert (first["wait_seconds"], first["handle_seconds"]) == (36 * 12, 36 * 250)
    assert (sales["wait_seconds"], sales["handle_seconds"]) == (55, 2_000)
    assert (empty["offered"], empty["interval_start"]) == (0, "2026-01-31T10:30:00Z")
    assert service_levels(first)["positive"] == 80.0  # as the export says
    assert service_levels(first)["ignore"] == pytest.approx(100 * 30 / 38)


def test_the_service_level_of_genesys_is_the_one_that_ignores_early_abandons(site: Site):
    site.drop("genesys_cloud_queues.csv", "genesys.csv")
    [(_, [row, empty])] = site.round()
    assert row["interval_start"] == "2026-01-31T10:00:00Z"
    assert (row["answered_in_target"], row["wait_seconds"], row["handle_seconds"]) == (39, 418, 13_640)
    assert service_levels(row)["ignore"] == pytest.approx(81.25)  # as the export says
    assert empty["offered"] == 0


def test_shifts_are_posted_with_words_and_queues_of_the_table(site: Site):
    site.drop("shifts.csv", "shifts.csv")
    [(kind, rows)] = site.round()
    assert kind is SHIFTS
    assert [(row["shift_id"], row["kind"], row.get("queue_names")) for row in rows] == [
        ("1", "work", ["support", "billing"]),
        ("2", "break", None),
        ("3", "work", ["support"]),
    ]
    assert (rows[0]["start"], rows[0]["end"]) == ("2026-01-31T08:00:00Z", "2026-01-31T16:00:00Z")


def test_a_file_is_posted_once_and_again_when_it_changes(site: Site):
    path = site.drop("shifts.csv", "shifts.csv")
    assert len(site.round()) == 1
    assert site.round() == []
    path.write_text(path.read_text() + "4;e3;Cem;;31.01.2026 09:00;31.01.2026 17:00;\n")
    os.utime(path, (NOON + 1, NOON + 1))
    [(_, rows)] = site.round()
    assert len(rows) == 4


def test_a_file_that_several_patterns_match_is_posted_by_each(site: Site):
    site.config.write_text(
        f'{site.config.read_text()}\n[[drop]]\nfiles = "*.csv"\nmap = "maps/shifts.toml"\n',
    )
    path = site.drop("shifts.csv", "shifts.csv")
    assert len(site.round()) == 2
    assert site.round() == []
    os.utime(path, (NOON + 1, NOON + 1))
    assert len(site.round()) == 2


def test_files_of_one_name_in_several_folders_are_posted_once_each(site: Site):
    site.config.write_text(site.config.read_text().replace('"shifts*.csv"', '"*/shifts.csv"'))
    for folder in ("a", "b"):
        (site.exports / folder).mkdir()
        site.drop("shifts.csv", f"{folder}/shifts.csv", NOON + ord(folder))
    assert len(site.round(NOON + 200)) == 2
    assert site.round(NOON + 200) == []


def test_a_state_with_bare_names_is_read(site: Site):
    path = site.drop("shifts.csv", "shifts.csv")
    mark = [path.stat().st_size, path.stat().st_mtime_ns]
    state = site.config.with_name("state.json")
    state.write_text(json.dumps({"files": {"shifts.csv": mark}, "queues": {}}))
    assert site.round() == []
    os.utime(path, (NOON + 1, NOON + 1))
    assert len(site.round()) == 1
    assert site.round() == []


def test_a_folder_that_is_not_there_is_said_at_the_start(site: Site, caplog: pytest.LogCaptureFixture):
    site.exports.rmdir()
    assert site.round() == []
    assert f"{site.exports} is not there" in caplog.text


def test_a_cell_that_no_calendar_has_and_a_broken_archive_end_nothing(site: Site, caplog: pytest.LogCaptureFixture):
    site.config.write_text(site.config.read_text().replace('"shifts*.csv"', '"shifts*"'))
    shifts = site.drop("shifts.csv", "shifts.csv")
    shifts.write_text(shifts.read_text() + "4;e3;Cem;;01.01.0001 00:00;31.01.2026 17:00;\n")
    whole = gzip.compress(shifts.read_bytes())
    (site.exports / "shifts.csv.gz").write_bytes(whole[:12] + b"\xff" * 9 + whole[21:])
    for path in site.exports.iterdir():
        os.utime(path, (NOON, NOON))
    [(_, rows)] = site.round()
    assert len(rows) == 3
    assert "line 5: left out" in caplog.text
    assert "is not readable as a table" in caplog.text
    assert site.round() == []


def test_a_file_that_is_still_being_written_waits(site: Site):
    site.drop("shifts.csv", "shifts.csv")
    assert site.round(now=NOON + 4) == []
    assert len(site.round(now=NOON + 5)) == 1


def test_a_file_with_a_time_of_the_future_waits_and_is_said_once(site: Site, caplog: pytest.LogCaptureFixture):
    path = site.drop("shifts.csv", "shifts-1.csv", NOON + 3_600)
    site.drop("shifts.csv", "shifts-2.csv", NOON + 30)  # clocks differ by that much
    feed = site.feed()
    assert [site.round(NOON, feed), site.round(NOON, feed)] == [[], []]
    assert [record.message for record in caplog.records if record.levelno == logging.WARNING] == [
        f"{path} has a time that is 3600 s ahead of this machine's clock, and waits for it: "
        "set the clocks right, or touch the file"
    ]
    assert len(site.round(NOON + 3_605, feed)) == 2


def test_files_are_read_in_order_of_their_time_and_what_no_pattern_names_is_left(site: Site):
    site.drop("shifts.csv", "shifts-2.csv", NOON)
    site.drop("zendesk_tickets.csv", "tickets.csv", NOON - 10)
    site.drop("shifts.csv", "README.csv", NOON - 20)
    assert [kind for kind, _ in site.round()] == [BACKLOG, SHIFTS]


def test_bad_lines_and_files_are_said_once_and_stop_nothing(site: Site, caplog: pytest.LogCaptureFixture):
    shifts = site.drop("shifts.csv", "shifts.csv")
    shifts.write_text(shifts.read_text() + "4;e3;Cem;;31.02.2026 09:00;31.01.2026 17:00;\n")
    (site.exports / "connect.csv").write_text("Queue,Contacts queued\nsupport,4\n")
    for path in site.exports.iterdir():
        os.utime(path, (NOON, NOON))
    caplog.set_level(logging.INFO)
    [(_, rows)] = site.round()
    assert len(rows) == 3
    assert "shifts.csv, line 5: left out: Beginn (start): '31.02.2026 09:00' does not read as a time" in caplog.text
    assert "has no column" in caplog.text
    caplog.clear()
    assert site.round() == []
    assert caplog.text == ""


def test_a_crash_before_it_is_remembered_posts_it_again(site: Site):
    site.drop("shifts.csv", "shifts.csv")

    class Away(list):  # type: ignore[type-arg]
        def append(self, _: object) -> None:
            raise OSError("the server is away")

    posts, site.posts = site.posts, Away()
    with pytest.raises(OSError, match="away"):
        site.round()
    site.posts = posts
    assert len(site.round()) == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (('map = "maps/shifts.toml"', 'map = "maps/none.toml"'), "cannot read"),
        (('files = "shifts*.csv"', 'pattern = "shifts*.csv"'), "files is missing"),
        (("settle_seconds = 5", 'settle_seconds = "5"'), "not of the type"),
    ],
)
def test_a_wrong_configuration_is_refused_by_name(site: Site, change: tuple[str, str], words: str):
    site.config.write_text(site.config.read_text().replace(*change))
    with pytest.raises(ConfigError, match=words):
        site.round()


def test_the_process_posts_all_samples_to_the_server_and_nothing_is_refused(
    server: LiveServer,
    key: str,
    support: Scope,
    site: Site,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
):
    names = {"servicenow_incidents": "incidents", "zendesk_tickets": "tickets", "amazon_connect_queues": "connect"}
    names |= {"genesys_cloud_queues": "genesys", "shifts": "shifts"}
    for sample, name in names.items():
        site.drop(f"{sample}.csv", f"{name}.csv")
    site.config.write_text(site.config.read_text().replace("http://localhost:5000", server.http))
    monkeypatch.setenv("INTRADAY_API_KEY", key)
    assert main(["feed", str(site.config), "--once"]) == 0
    assert "refused" not in caplog.text
    with Client(server.http, key) as client:
        query = {"organization_id": "org_123", "department_id": "dept_456", "queue_name": "Network"}
        current = client.get("/api/intraday/backlog/current", query)
    assert '"total_items": 1' in str(current).replace("'", '"')
