import gzip
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from intraday.api_client.options import duration
from intraday.api_client.rows import batches, iso
from intraday.replay.table_file import read_table
from intraday.replay.timeline import Instant, LogError, grid, in_utc, shifted

NOON = datetime(2016, 3, 28, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "seconds"), [("30s", 30), ("15m", 900), ("1h", 3600), ("1d", 86400), ("2", 2), ("0.5", 0.5), (" 5m ", 300)]
)
def test_a_length_of_time_is_read_with_its_unit(text: str, seconds: float) -> None:
    assert duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "m", "0", "0m", "-5m", "5 minutes", "5w", "1h30m", "nan"])
def test_anything_else_is_no_length_of_time(text: str) -> None:
    with pytest.raises(ValueError, match="length of time"):
        duration(text)


def test_a_grid_has_both_ends() -> None:
    assert grid(NOON, NOON + timedelta(hours=1), timedelta(minutes=30)) == [
        NOON,
        NOON + timedelta(minutes=30),
        NOON + timedelta(minutes=60),
    ]


def test_a_grid_that_misses_its_end_still_looks_there() -> None:
    assert grid(NOON, NOON + timedelta(minutes=50), timedelta(minutes=30))[-1] == NOON + timedelta(minutes=50)


def test_a_grid_does_not_run_backwards() -> None:
    with pytest.raises(LogError, match="lies before the start"):
        grid(NOON, NOON - timedelta(minutes=1), timedelta(minutes=30))


def test_wall_clock_becomes_utc_and_an_offset_is_believed() -> None:
    zone = ZoneInfo("America/Sao_Paulo")
    assert iso(in_utc(datetime.fromisoformat("2016-03-28"), zone)) == "2016-03-28T03:00:00Z"
    assert iso(in_utc(datetime(2016, 3, 28, tzinfo=timezone(timedelta(hours=2))), zone)) == "2016-03-27T22:00:00Z"


def test_milliseconds_are_written_only_where_there_are_any() -> None:
    assert iso(NOON.replace(microsecond=250_000)) == "2016-03-28T12:00:00.250Z"
    assert iso(NOON) == "2016-03-28T12:00:00Z"


def test_a_shift_moves_the_instant_and_every_row_alike_and_leaves_the_original() -> None:
    instant = Instant(NOON, "backlog", [{"snapshot_time": iso(NOON), "total_items": 3}] * 2)
    moved = shifted(instant, timedelta(days=1))
    assert moved.time == NOON + timedelta(days=1)
    assert moved.rows == [{"snapshot_time": "2016-03-29T12:00:00Z", "total_items": 3}] * 2
    assert instant.rows[0]["snapshot_time"] == "2016-03-28T12:00:00Z"


def test_only_more_rows_than_the_api_takes_are_split() -> None:
    assert [len(part) for part in batches([{}] * 5000)] == [5000]
    assert [len(part) for part in batches([{}] * 5001)] == [5000, 1]


def test_a_packed_table_reads_like_a_plain_one(tmp_path: Path) -> None:
    path = tmp_path / "log.csv.gz"
    path.write_bytes(gzip.compress(b"a,b\n1,2\n"))
    assert list(read_table(path, ["a"])) == [(2, {"a": "1", "b": "2"})]


def test_a_missing_column_is_named_with_those_that_exist(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("a,b\n")
    with pytest.raises(LogError, match="no column c; it has: a, b"):
        list(read_table(path, ["a", "c"]))


@pytest.mark.parametrize(
    "content",
    [b"", b"\x1f\x8bnot gzip", gzip.compress(b"a\n1\n" * 999)[:-20]],
    ids=["empty", "not packed", "cut short"],
)
def test_a_file_that_is_no_table_is_said_to_be_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "log.csv.gz"
    path.write_bytes(content)
    with pytest.raises(LogError):
        list(read_table(path, ["a"]))


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(LogError, match="No such file"):
        list(read_table(tmp_path / "nowhere.csv", ["a"]))


def test_wrong_encodings_are_reported_with_a_line(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_bytes(b"a\n\xff\xfe\n")
    with pytest.raises(LogError, match="near line"):
        list(read_table(path, ["a"]))
