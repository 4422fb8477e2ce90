import gzip
import json
import re
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import time_machine
from rest_framework import serializers

from attendance.choices import AttendanceStatus
from attendance.serializers import AttendanceRecordSerializer, ShiftSerializer
from backlog.serializers import BacklogSnapshotSerializer
from intraday.replay import kinds, table
from intraday.replay.timeline import WHOLE, LogError, RecordedLog, Target, Window
from kpi.serializers import IntervalSerializer

Write = Callable[..., Path]
SERIALIZERS: dict[str, type[serializers.Serializer]] = {
    "backlog": BacklogSnapshotSerializer,
    "intervals": IntervalSerializer,
    "attendance": AttendanceRecordSerializer,
    "shifts": ShiftSerializer,
}
EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
NOBODY = Target("org_123", "")
COLUMNS = {
    "snapshot_time": "at",
    "queue_name": "q",
    "total_items": "n",
    "average_wait_time_minutes": {"column": "w", "unit": "seconds"},
}


@pytest.fixture(autouse=True)
def october() -> Iterator[None]:
    """The samples lie in the past."""
    with time_machine.travel(datetime(2026, 10, 1, tzinfo=UTC)):
        yield


@pytest.fixture
def read(write: Write) -> Callable[..., RecordedLog]:
    def read(*lines: str, window: Window = WHOLE, target: Target = NOBODY, **settings: Any) -> RecordedLog:
        mapping = write("map.json", json.dumps({"columns": COLUMNS} | settings))
        return table.read(write("feed.csv", "at,q,n,w", *lines), mapping, target=target, window=window)

    return read


Read = Callable[..., RecordedLog]


def test_rows_of_one_time_make_one_instant_in_time_order(read: Read) -> None:
    recorded = read("2026-09-14T08:05:00Z,a,3,90", "2026-09-14T08:00:00Z,a,1,60", "2026-09-14T10:00:00+02:00,b,2,0")
    instants = list(recorded.instants)
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
    recorded = read(f"{text},a,1,1", zone="Europe/Paris", time_format=time_format)
    assert next(iter(recorded.instants)).rows[0]["snapshot_time"] == "2026-09-14T08:00:00Z"


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
        ("0001-01-01 00:00:00,a,1,1", "0001-01-01 00:00:00 is beyond the calendar in Europe/Paris"),
        ("9999-12-31T23:59:00-01:00,a,1,1", "9999-12-31 23:59:00-01:00 is beyond the calendar"),
    ],
)
def test_a_bad_row_is_reported_with_its_line_and_the_others_are_read(read: Read, line: str, reason: str) -> None:
    recorded = read("2026-09-14 09:55,a,1,1", line, zone="Europe/Paris")
    assert [problem.line for problem in recorded.problems] == [3]
    assert reason in recorded.problems[0].message
    assert len(list(recorded.instants)) == 1


def test_a_time_that_has_no_time_in_utc_is_a_bad_row(read: Read) -> None:
    recorded = read("2026-09-14 09:55,a,1,1", "9999-12-31 23:59,a,1,1", zone="America/New_York")
    assert [problem.line for problem in recorded.problems] == [3]
    assert len(list(recorded.instants)) == 1


def test_a_constant_that_is_no_text_is_no_time(write: Write) -> None:
    columns = {name: column for name, column in COLUMNS.items() if name != "snapshot_time"}
    mapping = write("map.json", json.dumps({"columns": columns, "constants": {"snapshot_time": 5}}))
    with pytest.raises(
        LogError, match=re.escape("no usable row (1 bad; line 2: snapshot_time: 5 does not read as a time")
    ):
        table.read(write("feed.csv", "q,n,w", "a,1,1"), mapping, target=NOBODY)


def test_a_length_of_time_that_no_number_holds_is_a_bad_row(write: Write) -> None:
    column = {"column": "w", "unit": "days"}
    mapping = write("map.json", json.dumps({"columns": {**COLUMNS, "average_wait_time_minutes": column}}))
    path = write("feed.csv", "at,q,n,w", "2026-09-14T08:00Z,a,1,1e308", "2026-09-14T08:00Z,a,1,1")
    [problem] = table.read(path, mapping, target=NOBODY).problems
    assert (problem.line, problem.message) == (2, "w: '1e308' is too large to be meant")


def test_a_later_line_replaces_an_earlier_one_of_the_same_queue_and_time(read: Read) -> None:
    recorded = read("2026-09-14T08:00Z,a,1,1", "2026-09-14T08:00Z,a,2,1")
    assert [row["total_items"] for instant in recorded.instants for row in instant.rows] == [2]
    assert [(problem.line, "replaced by line 3" in problem.message) for problem in recorded.problems] == [(2, True)]


def test_constants_names_decimals_and_missing_marks_are_applied(write: Write) -> None:
    mapping = write(
        "map.toml",
        'zone = "UTC"\ndelimiter = ";"\ndecimal = ","\nmissing = ["-"]',
        '[columns]\nsnapshot_time = "at"\nqueue_name = "q"\ntotal_items = "n"\nitems_added = "in"',
        'average_wait_time_minutes = { column = "w", unit = "hours" }',
        '[constants]\ndepartment_id = "d"\nitems_over_sla = 0\n[queue_names]\nA = "alpha"',
    )
    path = write("feed.csv", "at;q;n;w;in", "2026-09-14T08:00Z;A;1;0,5;-", "2026-09-14T08:00Z;B;1;0;4")
    first, second = next(iter(table.read(path, mapping, target=Target("org_123", "ignored")).instants)).rows
    assert (first["queue_name"], first["department_id"], first["average_wait_time_minutes"]) == ("alpha", "d", 30.0)
    assert "items_added" not in first
    assert (second["queue_name"], second["items_added"], second["items_over_sla"]) == ("B", 4, 0)


def test_a_department_of_the_command_line_fills_what_the_table_leaves_out(read: Read) -> None:
    recorded = read("2026-09-14T08:00Z,a,1,1", target=Target("org_123", "dept_9"))
    assert next(iter(recorded.instants)).rows[0]["department_id"] == "dept_9"


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
        ({"columns": {**COLUMNS, "queue_name": " "}}, "queue_name: the column has no name"),
        ({"columns": {**COLUMNS, "total_items": {"column": "n", "unit": "days"}}}, "only lengths of time have a unit"),
        ({"columns": {**COLUMNS, "total_items": {"name": "n"}}}, "column"),
        ({"kind": "calls"}, "kind 'calls' is none of backlog, intervals, attendance"),
        ({"decimal": ";"}, "decimal ';' is none of '.', ','"),
        ({"thousands": "x"}, "thousands 'x' is none of"),
        ({"thousands": "."}, None),
        ({"thousands": ".", "decimal": "."}, "decimal and thousands are both '.'"),
        ({"delimiter": ";;"}, "delimiter ';;' is not one character"),
        ({"delimiter": ""}, "delimiter '' is not one character"),
        ({"time_format": 7}, "time_format 7 is not a text"),
        ({"time_format": "%d.%m.%Y %H:%M %Z"}, "time_format: the name of a zone (%Z) cannot be read"),
        ({"time_format": "iso", "zone": "Europe"}, "zone 'Europe' is not an IANA time zone"),
        ({"time_format": "iso", "zone": "/etc/passwd"}, "zone '/etc/passwd' is not an IANA time zone"),
        ({"queue_names": {"a": 7}}, "a 7 is not a text"),
        ({"encoding": "klingon"}, "klingon"),
    ],
)
def test_a_map_that_cannot_be_meant_is_refused_in_words(
    read: Read, settings: dict[str, Any], reason: str | None
) -> None:
    with nullcontext() if reason is None else pytest.raises(LogError, match=re.escape(reason)):
        read("2026-09-14T08:00Z,a,1,1", **settings)


# --- headings --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["plain", "byte order mark"])
def test_a_column_without_heading_is_no_obstacle(write: Write, mark: str) -> None:
    mapping = write("map.json", json.dumps({"columns": COLUMNS}))
    path = write("feed.csv", f"{mark},at,q,n,w", "0,2026-09-14T08:00Z,a,3,90", "1,2026-09-14T08:05Z,a,4,90")
    found = table.read(path, mapping, target=NOBODY)
    assert found.problems == []
    assert [row["total_items"] for instant in found.instants for row in instant.rows] == [3, 4]


@pytest.mark.parametrize("encoding", [None, "utf-8", "UTF8", "utf-8-sig", "utf-16"])
def test_a_byte_order_mark_before_a_quoted_heading_is_no_part_of_it(write: Write, encoding: str | None) -> None:
    named = {"encoding": encoding} if encoding else {}
    mapping = write("map.json", json.dumps({"columns": COLUMNS} | named))
    path = write("feed.csv", "")
    text = '"at","q","n","w"\n"2026-09-14T08:00Z","a","3","90"\n'
    path.write_bytes(text.encode("utf-16" if encoding == "utf-16" else "utf-8-sig"))
    found = table.read(path, mapping, target=NOBODY)
    assert (found.problems, len(list(found.instants))) == ([], 1)


@pytest.mark.parametrize(
    "harm", [lambda data: data[:-9], lambda data: data[:12] + b"\xff" * 9 + data[21:], lambda _: b"x"]
)
def test_a_broken_archive_is_no_table(write: Write, harm: Callable[[bytes], bytes]) -> None:
    mapping, path = write("map.json", json.dumps({"columns": COLUMNS})), write("feed.csv.gz", "")
    lines = [f"2026-09-14T08:00Z,a,{number},{number * 7}" for number in range(500)]
    path.write_bytes(harm(gzip.compress("\n".join(["at,q,n,w", *lines]).encode())))
    with pytest.raises(LogError, match="is not readable as a table"):
        table.read(path, mapping, target=NOBODY)


def test_headings_may_have_blanks_around_them_and_any_spelling(write: Write) -> None:
    mapping = write("map.json", json.dumps({"columns": {**COLUMNS, "queue_name": "Caf\u00e9"}}))
    path = write("feed.csv", " at ,Cafe\u0301, n,w", "2026-09-14T08:00Z,a,3,90")
    assert table.read(path, mapping, target=NOBODY).problems == []


def test_a_heading_that_is_needed_stands_once(write: Write) -> None:
    mapping = write("map.json", json.dumps({"columns": COLUMNS}))
    twice = write("twice.csv", "at,q,n,w,n", "2026-09-14T08:00Z,a,3,90,4")
    with pytest.raises(LogError, match=re.escape("has the heading n more than once (columns 3, 5)")):
        table.read(twice, mapping, target=NOBODY)
    harmless = write("harmless.csv", "at,q,n,w,x,x", "2026-09-14T08:00Z,a,3,90,4,5")
    assert table.read(harmless, mapping, target=NOBODY).problems == []


# --- what must not be guessed ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("cell", ["", "-", " "])
def test_a_blank_queue_is_no_row_of_a_department(read: Read, cell: str) -> None:
    recorded = read("2026-09-14T08:00Z,a,1,1", f"2026-09-14T08:00Z,{cell},2,1", missing=["-"])
    [problem] = recorded.problems
    assert (problem.line, "q (queue_name) is blank" in problem.message) == (3, True)


def test_a_table_without_queues_is_of_its_department(write: Write) -> None:
    columns = {name: column for name, column in COLUMNS.items() if name != "queue_name"}
    mapping = write("map.json", json.dumps({"columns": columns}))
    recorded = table.read(write("f.csv", "at,n,w", "2026-09-14T08:00Z,3,1"), mapping, target=Target("org_123", "d"))
    [row] = next(iter(recorded.instants)).rows
    assert (row["department_id"], "queue_name" in row) == ("d", False)


def test_a_line_that_repeats_another_word_for_word_is_no_problem(read: Read) -> None:
    assert read("2026-09-14T08:00Z,a,1,1", "2026-09-14T08:00Z,a,1,1").problems == []


# --- intervals and attendance ----------------------------------------------------------------------------------------
INTERVAL = {
    "interval_start": "at",
    "queue_name": "q",
    "offered": "off",
    "answered": "ans",
    "answered_in_target": "in",
    "abandoned": "ab",
    "handle_seconds": "handle",
    "available_seconds": "ready",
    "agents": "n",
}
HALF_HOURS = {"kind": "intervals", "columns": INTERVAL, "constants": {"interval_minutes": 30}, "decimal": "."}
HEADINGS = "at,q,off,ans,in,ab,handle,ready,n"


def test_an_interval_is_posted_at_its_end_with_its_sums_in_seconds(write: Write) -> None:
    mapping = write("map.json", json.dumps({**HALF_HOURS, "thousands": "'", "zone": "Europe/Paris"}))
    recorded = table.read(
        write("f.csv", HEADINGS, "2026-09-14 08:00,a,1'200,1'150,900,30,26:10:05,2:00:00,60"), mapping, target=NOBODY
    )
    instant, computed = recorded.instants
    [row] = instant.rows
    assert (computed.kind, computed.rows[0]["as_of_time"]) == ("compute", "2026-09-14T06:30:00Z")
    assert (instant.kind, instant.time.isoformat()) == ("kpi", "2026-09-14T06:30:00+00:00")
    assert (row["interval_start"], row["interval_minutes"]) == ("2026-09-14T06:00:00Z", 30)
    assert (row["offered"], row["handle_seconds"], row["available_seconds"]) == (1_200, 26 * 3_600 + 605, 7_200)
    assert recorded.step.total_seconds() == 1_800


def test_an_interval_that_ends_beyond_the_calendar_is_a_bad_row(write: Write) -> None:
    mapping = write("map.json", json.dumps(HALF_HOURS))
    lines = ["9999-12-31T23:30:00Z,a,1,1,1,0,1,1,1", "2026-09-14T08:00Z,a,1,1,1,0,1,1,1"]
    recorded = table.read(write("f.csv", HEADINGS, *lines), mapping, target=NOBODY)
    assert [(each.line, each.message) for each in recorded.problems] == [(2, "the interval ends beyond the calendar")]
    assert len(list(recorded.instants)) == 2


def test_intervals_without_queues_need_the_agents_alone(write: Write) -> None:
    columns = {"interval_start": "at", "agents": "n"}
    mapping = write("map.json", json.dumps({**HALF_HOURS, "columns": columns}))
    instant, _ = table.read(write("f.csv", "at,n", "2026-09-14T08:00Z,6"), mapping, target=NOBODY).instants
    assert instant.rows[0]["agents"] == 6


def test_intervals_of_several_lengths_move_by_what_keeps_all_on_their_grid(write: Write) -> None:
    columns = {**INTERVAL, "interval_minutes": "len"}
    mapping = write("map.json", json.dumps({"kind": "intervals", "columns": columns}))
    lines = [f"2026-09-14T0{hour}:00Z,a,1,1,1,0,1,1,1,{length}" for hour, length in ((8, 10), (9, 15))]
    assert table.read(write("f.csv", f"{HEADINGS},len", *lines), mapping, target=NOBODY).step.total_seconds() == 1_800


def test_a_status_is_one_of_those_known_and_the_others_are_listed(write: Write) -> None:
    columns = {"employee_id": "who", "snapshot_time": "at", "status": "what", "shift_start": "from", "shift_end": "to"}
    settings = {"kind": "attendance", "columns": columns, "statuses": {"IN": "present"}}
    mapping = write("map.json", json.dumps(settings))
    lines = ["ada,2026-09-14T08:00Z,IN,2026-09-14T08:00Z,2026-09-14T16:00Z", "bob,2026-09-14T08:00Z,lunch,,"]
    recorded = table.read(write("f.csv", "who,at,what,from,to", *lines), mapping, target=NOBODY)
    [row] = next(iter(recorded.instants)).rows
    assert (row["status"], row["shift_end"]) == ("present", "2026-09-14T16:00:00Z")
    [problem] = recorded.problems
    assert problem.message.startswith("what: 'lunch' is none of present, late, absent, on_break")


def test_the_statuses_of_tables_are_those_of_the_api() -> None:
    assert tuple(status.value for status in AttendanceStatus) == kinds.STATUSES


@pytest.mark.parametrize(("kind", "serializer"), SERIALIZERS.items())
def test_a_table_may_give_every_field_that_the_api_takes(kind: str, serializer: type[serializers.Serializer]) -> None:
    lists = {"age_profile", "cancelled"}  # a cell holds one value; what is no longer in a table is not cancelled by it
    assert kinds.KINDS[kind].fields.keys() == serializer().fields.keys() - lists


MEANS = {
    "queue_name": "q",
    "interval_start": "at",
    "offered": "n",
    "answered": "n",
    "abandoned": "gone",
    "answered_in_target": {"column": "sl", "unit": "percent", "times": ["n", "gone"], "less": "early"},
    "handle_seconds": {"column": "aht", "unit": "mm:ss", "times": "n"},
    "wait_seconds": {"column": "asa", "unit": "milliseconds", "times": ["n"]},
}
REST = {"interval_minutes": 30, "available_seconds": 0, "agents": 3, "answered_in_target": 0}


def test_means_and_shares_become_the_counts_that_stand_behind_them(write: Write) -> None:
    mapping = write("map.json", json.dumps({"kind": "intervals", "columns": MEANS, "constants": REST}))
    lines = ["2026-09-14T08:00:00Z,a,44,6,2,81.25 %,5:10,9500", "2026-09-14T08:30:00Z,a,44,6,,,5:10,9500"]
    recorded = table.read(write("feed.csv", "at,q,n,gone,early,sl,aht,asa", *lines), mapping, target=NOBODY)
    first, second = [row for instant in recorded.instants if instant.kind == "kpi" for row in instant.rows]
    assert (first["answered_in_target"], first["handle_seconds"], first["wait_seconds"]) == (39, 13_640, 418)
    assert second["answered_in_target"] == 0, "an empty cell is the constant"


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ({"column": "sl", "times": "n"}, "unit '' is none of percent, fraction"),
        ({"column": "sl", "unit": "seconds", "times": "n"}, "unit 'seconds' is none of percent, fraction"),
    ],
)
def test_a_share_of_a_count_has_a_unit(write: Write, column: dict[str, str], message: str) -> None:
    columns = MEANS | {"answered_in_target": column}
    mapping = write("map.json", json.dumps({"kind": "intervals", "columns": columns, "constants": REST}))
    with pytest.raises(LogError, match=message):
        table.read(write("feed.csv", "at"), mapping, target=NOBODY)


def test_shifts_name_their_queues_in_one_cell(write: Write) -> None:
    columns = {"shift_id": "id", "employee_id": "who", "start": "from", "end": "to", "queue_names": "skills"}
    settings = {"kind": "shifts", "columns": columns, "constants": {"department_id": "dept_456", "kind": "work"}}
    lines = ["1,e1,2026-09-14T08:00:00Z,2026-09-14T16:00:00Z,support; billing"]
    lines += ["1,e1,2026-09-14T08:00:00Z,2026-09-14T17:00:00Z,"]
    mapping = write("map.json", json.dumps(settings))
    recorded = table.read(write("feed.csv", "id,who,from,to,skills", *lines[:1]), mapping, target=NOBODY)
    [[row]] = [instant.rows for instant in recorded.instants]
    assert (row["queue_names"], row["end"]) == (["support", "billing"], "2026-09-14T16:00:00Z")
    recorded = table.read(write("feed.csv", "id,who,from,to,skills", *lines), mapping, target=NOBODY)
    assert recorded.problems[0].message == "replaced by line 3: same shift, same time"


def test_a_map_that_is_not_toml_is_refused(write: Write) -> None:
    with pytest.raises(LogError, match=r"map\.toml"):
        table.read(write("feed.csv", "a"), write("map.toml", "zone = "), target=Target("org_123", ""))


def test_a_table_without_one_usable_row_is_refused_with_the_first_reason(read: Read) -> None:
    with pytest.raises(LogError, match=r"no usable row \(1 bad; line 2: at \(snapshot_time\): 'x' does not read"):
        read("x,a,1,1")


SAMPLES = [
    ("feed", 25, 50, {"backlog"}),
    ("intervals", 16, 24, {"kpi", "compute"}),
    ("attendance", 12, 14, {"attendance"}),
]


@pytest.mark.parametrize(("name", "instants", "rows", "kinds"), SAMPLES)
def test_the_samples_of_the_documentation_read_without_a_problem(
    name: str, instants: int, rows: int, kinds: set[str]
) -> None:
    recorded = table.read(
        EXAMPLES / f"{name}_sample.csv", EXAMPLES / f"{name}_sample.toml", target=Target("org_123", "")
    )
    found = list(recorded.instants)
    assert recorded.problems == []
    assert (len(found), sum(len(instant.rows) for instant in found)) == (instants, rows)
    assert {instant.kind for instant in found} == kinds


def test_the_sample_of_backlog_is_read_in_its_zone() -> None:
    recorded = table.read(EXAMPLES / "feed_sample.csv", EXAMPLES / "feed_sample.toml", target=Target("org_123", ""))
    instants = list(recorded.instants)
    assert instants[0].rows[0]["snapshot_time"] == "2026-09-14T06:00:00Z"
    assert {row["queue_name"] for instant in instants for row in instant.rows} == {"support", "billing"}
