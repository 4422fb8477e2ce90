import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from intraday.feeds import table
from intraday.feeds.instants import WHOLE, Feed, FeedError, Target, Window

Write = Callable[..., Path]
EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
NOBODY = Target("org_123", "")
COLUMNS = {
    "snapshot_time": "at",
    "queue_name": "q",
    "total_items": "n",
    "average_wait_time_minutes": {"column": "w", "unit": "seconds"},
}


@pytest.fixture
def read(write: Write) -> Callable[..., Feed]:
    def read(*lines: str, window: Window = WHOLE, target: Target = NOBODY, **settings: Any) -> Feed:
        mapping = write("map.json", json.dumps({"columns": COLUMNS} | settings))
        return table.read(write("feed.csv", "at,q,n,w", *lines), mapping, target=target, window=window)

    return read


Read = Callable[..., Feed]


def test_rows_of_one_time_make_one_instant_in_time_order(read: Read) -> None:
    feed = read("2026-09-14T08:05:00Z,a,3,90", "2026-09-14T08:00:00Z,a,1,60", "2026-09-14T10:00:00+02:00,b,2,0")
    instants = list(feed.instants)
    assert [[row["queue_name"] for row in instant.rows] for instant in instants] == [["a", "b"], ["a"]]
    assert instants[1].rows[0] == {
        "organization_id": "org_123",
        "queue_name": "a",
        "total_items": 3,
        "average_wait_time_minutes": 1.5,
        "snapshot_time": "2026-09-14T08:05:00Z",
    }


@pytest.mark.parametrize(
    ("time_format", "text"),
    [
        ("iso", "2026-09-14 10:00"),
        ("%d/%m/%y %H.%M", "14/09/26 10.00"),
        ("epoch", "1789372800"),
        ("epoch_ms", "1789372800000"),
    ],
)
def test_times_are_read_in_the_format_and_zone_of_the_map(read: Read, time_format: str, text: str) -> None:
    feed = read(f"{text},a,1,1", zone="Europe/Paris", time_format=time_format)
    assert next(iter(feed.instants)).rows[0]["snapshot_time"] == "2026-09-14T08:00:00Z"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("yesterday,a,1,1", "'yesterday' does not read as a time"),
        ("2026-03-29 02:30,a,1,1", "does not exist in Europe/Paris"),
        ("2026-09-14 10:00,a,many,1", "n: 'many' is not a number"),
        ("2026-09-14 10:00,a,-1,1", "n: -1 is not a figure of 0 or more"),
        ("2026-09-14 10:00,a,nan,1", "n: nan is not a figure"),
        ("2026-09-14 10:00,a,1e999,1", "n: 1e999 is not a figure"),
        ("2026-09-14 10:00,a,1.5,1", "n: 1.5 is not a whole number"),
        ("2026-09-14 10:00,a,,1", "n (total_items) is empty"),
        ("2026-09-14 10:00,a,1", "w (average_wait_time_minutes) is empty"),
        ("2026-09-14 10:00,a,1,1,9", "more cells than headings"),
    ],
)
def test_a_bad_row_is_reported_with_its_line_and_the_others_are_read(read: Read, line: str, reason: str) -> None:
    feed = read("2026-09-14 09:55,a,1,1", line, zone="Europe/Paris")
    assert [problem.line for problem in feed.problems] == [3]
    assert reason in feed.problems[0].message
    assert len(list(feed.instants)) == 1


def test_a_later_line_replaces_an_earlier_one_of_the_same_queue_and_time(read: Read) -> None:
    feed = read("2026-09-14T08:00Z,a,1,1", "2026-09-14T08:00Z,a,2,1")
    assert [row["total_items"] for instant in feed.instants for row in instant.rows] == [2]
    assert [(problem.line, "replaced by line 3" in problem.message) for problem in feed.problems] == [(2, True)]


def test_constants_names_decimals_and_missing_marks_are_applied(write: Write) -> None:
    mapping = write(
        "map.toml",
        'zone = "UTC"\ndelimiter = ";"\ndecimal = ","\nmissing = ["-"]',
        '[columns]\nsnapshot_time = "at"\nqueue_name = "q"\ntotal_items = "n"\nitems_added = "in"',
        'average_wait_time_minutes = { column = "w", unit = "hours" }',
        '[constants]\ndepartment_id = "d"\nitems_over_sla = 0\n[queue_names]\nA = "alpha"',
    )
    feed = write("feed.csv", "at;q;n;w;in", "2026-09-14T08:00Z;A;1;0,5;-", "2026-09-14T08:00Z;B;1;0;4")
    first, second = next(iter(table.read(feed, mapping, target=Target("org_123", "ignored")).instants)).rows
    assert (first["queue_name"], first["department_id"], first["average_wait_time_minutes"]) == ("alpha", "d", 30.0)
    assert "items_added" not in first
    assert (second["queue_name"], second["items_added"], second["items_over_sla"]) == ("B", 4, 0)


def test_a_department_of_the_command_line_fills_what_the_table_leaves_out(read: Read) -> None:
    feed = read("2026-09-14T08:00Z,a,1,1", target=Target("org_123", "dept_9"))
    assert next(iter(feed.instants)).rows[0]["department_id"] == "dept_9"


def test_a_window_keeps_its_own_ends(read: Read) -> None:
    lines = [f"2026-09-14 10:0{minute},a,1,1" for minute in range(5)]
    window = Window(datetime.fromisoformat("2026-09-14T10:01"), datetime.fromisoformat("2026-09-14T10:03"))
    assert len(list(read(*lines, window=window, zone="Europe/Paris").instants)) == 3


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"columns": {**COLUMNS, "colour": "c"}}, "colour: not among our fields"),
        ({"timezone": "UTC"}, "timezone: not among the map"),
        ({"zone": "Mars/Base"}, "not an IANA time zone"),
        ({"columns": {"queue_name": "q"}}, "names nothing for average_wait_time_minutes, snapshot_time, total_items"),
        ({"columns": {**COLUMNS, "total_items": "calls"}}, "no column calls"),
        ({"columns": {**COLUMNS, "oldest_item_age_minutes": {"column": "w", "unit": "years"}}}, "unit 'years'"),
        ({"columns": []}, "map.json"),
        ({"encoding": "klingon"}, "klingon"),
    ],
)
def test_a_map_that_cannot_be_meant_is_refused_in_words(read: Read, settings: dict[str, Any], reason: str) -> None:
    with pytest.raises(FeedError, match=reason):
        read("2026-09-14T08:00Z,a,1,1", **settings)


def test_a_map_that_is_not_toml_is_refused(write: Write) -> None:
    with pytest.raises(FeedError, match=r"map\.toml"):
        table.read(write("feed.csv", "a"), write("map.toml", "zone = "), target=Target("org_123", ""))


def test_a_table_without_one_usable_row_is_refused_with_the_first_reason(read: Read) -> None:
    with pytest.raises(FeedError, match=r"no usable row \(1 bad; line 2: 'x' does not read"):
        read("x,a,1,1")


def test_the_sample_of_the_documentation_reads_without_a_problem() -> None:
    feed = table.read(EXAMPLES / "feed_sample.csv", EXAMPLES / "feed_sample.toml", target=Target("org_123", ""))
    instants = list(feed.instants)
    assert feed.problems == []
    assert (len(instants), sum(len(instant.rows) for instant in instants)) == (25, 50)
    assert instants[0].rows[0]["snapshot_time"] == "2026-09-14T06:00:00Z"
    assert {row["queue_name"] for instant in instants for row in instant.rows} == {"support", "billing"}
