import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from threading import Event, Timer
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core.management import CommandError, call_command
from rich.console import Console

from intraday.api_client.client import Answer, Poster
from intraday.api_client.rows import Row, iso
from intraday.replay import terminal_report
from intraday.replay.adapters import incidents
from intraday.replay.replay import Replay, shift_to
from intraday.replay.replay_stats import Closings, ReplayStats
from intraday.replay.timeline import Instant, Problem, RecordedLog, Target
from tests.api_client.fake_api import FakeApi, Reply

START = datetime(2026, 1, 5, 22, tzinfo=UTC)
EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
SAMPLE = ("replay", "--csv", str(EXAMPLES / "feed_sample.csv"), "--map", str(EXAMPLES / "feed_sample.toml"))


def row(time: datetime, total: int, queue: str = "a") -> Row:
    return {
        "organization_id": "org_123",
        "department_id": "d",
        "queue_name": queue,
        "snapshot_time": iso(time),
        "total_items": total,
        "average_wait_time_minutes": 1.0,
        "items_added": 2,
        "items_completed": 1,
    }


def recorded(*totals: int) -> RecordedLog:
    times = [START + timedelta(hours=step) for step in range(len(totals))]
    instants = [Instant(at, "backlog", [row(at, total)]) for at, total in zip(times, totals, strict=True)]
    return RecordedLog("test", ZoneInfo("UTC"), times, instants)


def replay(api: FakeApi, *totals: int, **given: object) -> Replay:
    run = Replay(recorded(*totals), Poster(api.url, patience=5), **given)  # type: ignore[arg-type]
    with run.poster:
        run.run()
    return run


def test_every_instant_is_one_request_in_order(api: FakeApi) -> None:
    run = replay(api, 3, 4, 5)
    assert [[row["total_items"] for row in batch] for batch in api.batches] == [[3], [4], [5]]
    assert (run.stats.instants, run.stats.rows, run.stats.results["created"], run.stats.events) == (3, 3, 3, 3)
    assert run.stats.clean()


def test_a_warning_of_the_server_is_quoted_the_first_time() -> None:
    stats = ReplayStats()
    for start in range(2):
        results = [
            {"index": 0, "result": "created", "event": None, "warnings": ["Queue 'a' is new.", f"Told {start}."]}
        ]
        stats.answered([row(START, 1)], Answer(results=results, rejected=[]))
    shown = list(terminal_report.errors(stats))
    assert shown[1:] == [f"  2026-01-05T22:00:00Z a: {text}" for text in ("Queue 'a' is new.", "Told 0.", "Told 1.")]
    assert stats.warnings == 2


def test_a_second_replay_finds_everything_there_already(api: FakeApi) -> None:
    replay(api, 3, 4)
    assert replay(api, 3, 4).stats.results == {"duplicate": 2}


def test_an_instant_above_the_limit_is_split(api: FakeApi) -> None:
    rows = [row(START, 1, f"q{number}") for number in range(5001)]
    many = RecordedLog("many", ZoneInfo("UTC"), [START], [Instant(START, "backlog", rows)])
    with Poster(api.url) as poster:
        run = Replay(many, poster)
        run.run()
    assert [len(batch) for batch in api.batches] == [5000, 1]
    assert run.stats.instants == 1


def test_the_pace_follows_the_log(api: FakeApi) -> None:
    started = time.monotonic()
    replay(api, 1, 1, 1, speed=3600 * 5)
    assert 0.4 <= time.monotonic() - started < 2


def test_a_shift_moves_what_is_posted_and_not_the_days_of_the_table(api: FakeApi) -> None:
    by = shift_to(recorded(1, 2, 3), datetime(2026, 6, 1, 12, 0, 0, 999, tzinfo=UTC))
    run = replay(api, 1, 2, 3, shift=by)
    posted = [batch[0]["snapshot_time"] for batch in api.batches]
    assert posted == [f"2026-06-01T{hour}:00:00Z" for hour in (10, 11, 12)]
    assert [str(day) for day in run.closings.days] == ["2026-01-05"]


def recorded_intervals() -> RecordedLog:
    """An interval as measured at 22:40, and what it asks to be computed."""
    at = START + timedelta(minutes=40)
    named = {"organization_id": "org_123", "department_id": "d"}
    stats = {**named, "queue_name": "a", "interval_start": iso(at - timedelta(minutes=10)), "as_of": iso(at)}
    instants = [Instant(at, "kpi", [stats]), Instant(at, "compute", [{**named, "as_of_time": iso(at)}])]
    return RecordedLog("test", ZoneInfo("UTC"), [at, at], instants, step=timedelta(minutes=30))


def test_each_kind_goes_to_its_own_address_and_a_computation_is_one_body(api: FakeApi) -> None:
    with Poster(api.url) as poster:
        run = Replay(recorded_intervals(), poster)
        run.run()

    assert [kind for kind, _ in api.posts] == ["kpi", "compute"]
    assert api.of("compute") == [
        [{"organization_id": "org_123", "department_id": "d", "as_of_time": "2026-01-05T22:40:00Z"}]
    ]
    assert run.stats.results == {"created": 1, "computed": 1}


def test_intervals_are_moved_by_whole_ones_and_computing_is_left_to_the_server(api: FakeApi) -> None:
    by = shift_to(recorded_intervals(), datetime(2026, 6, 1, 12, 55, tzinfo=UTC))
    with Poster(api.url) as poster:
        run = Replay(recorded_intervals(), poster, shift=by)
        run.run()

    (row,) = api.of("kpi")[0]
    assert (row["interval_start"], row["as_of"]) == ("2026-06-01T12:30:00Z", "2026-06-01T12:40:00Z")
    assert api.of("compute") == []
    assert run.stats.instants == 2


def test_rejected_rows_are_counted_and_named_and_the_replay_goes_on(api: FakeApi) -> None:
    api.refuse = lambda row: "too odd" if row["total_items"] == 4 else None
    run = replay(api, 3, 4, 5)
    assert (run.stats.results["created"], run.stats.rejected, run.stats.instants) == (2, 1, 3)
    assert "2026-01-05T23:00:00Z a" in run.stats.errors[0]
    assert "too odd" in run.stats.errors[0]
    assert not run.stats.clean()


def test_a_batch_turned_away_does_not_stop_the_next(api: FakeApi) -> None:
    api.script = [Reply(500, {"code": "error", "message": "a fault"})]
    run = replay(api, 3, 4)
    assert (run.stats.undelivered, run.stats.instants, run.ended_early) == (1, 1, False)


def test_a_refused_key_ends_it_at_once(api: FakeApi) -> None:
    api.script = [Reply(401, {"code": "unauthenticated", "message": "no such key"})]
    run = replay(api, 3, 4)
    assert (run.ended_early, run.stats.undelivered, api.requests) == (True, 1, 1)
    assert "no such key" in run.stats.errors[0]


def test_rows_without_an_answer_are_not_taken_for_stored() -> None:
    stats = ReplayStats()
    stats.answered([row(START, 1), row(START, 2)], Answer([{"result": "created", "event": None}], []))
    assert (stats.undelivered, stats.clean()) == (1, False)


def test_a_stop_ends_it_with_the_counts_so_far(api: FakeApi) -> None:
    stop = Event()
    Timer(0.2, stop.set).start()
    run = replay(api, 1, 2, 3, speed=1, stop=stop)
    assert (run.stats.instants, run.stats.clean()) == (1, True)


def test_midnight_closes_the_day_that_ends_and_the_first_instant_is_the_opening() -> None:
    closings = Closings(ZoneInfo("UTC"))
    for instant in recorded(10, 11, 12, 13).instants:
        closings.saw(instant)
    assert closings.opening == (START, 10)
    days = [(str(day), sums.added, sums.completed, sums.closing) for day, sums in closings.days.items()]
    assert days == [("2026-01-05", 4, 2, 12), ("2026-01-06", 2, 1, 13)]


def test_a_queue_that_is_not_in_every_instant_still_counts_in_the_closing() -> None:
    closings = Closings(ZoneInfo("UTC"))
    for hour, queue in enumerate("aba"):
        at = START + timedelta(minutes=hour)
        closings.saw(Instant(at, "backlog", [row(at, 5 + hour, queue)]))
    assert closings.days[START.date()].closing == 7 + 6


def test_without_a_terminal_the_progress_is_plain_lines(api: FakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal_report, "PLAIN_EVERY", 0)
    console = Console(file=StringIO(), width=100)
    with terminal_report.progress(console, recorded(1, 2)) as progress:
        replay(api, 1, 2, progress=progress)
    assert console.file.getvalue().splitlines()[-1] == "test  2026-01-05 23:00  2/2 instants, 2 rows"  # type: ignore[attr-defined]


def test_a_terminal_gets_a_bar(api: FakeApi) -> None:
    console = Console(file=StringIO(), width=100, force_terminal=True)
    with terminal_report.progress(console, recorded(1, 2)) as progress:
        replay(api, 1, 2, progress=progress)
    assert "2/2" in console.file.getvalue()  # type: ignore[attr-defined]


def test_the_closing_report_shows_counts_days_and_the_first_bad_lines(api: FakeApi) -> None:
    run = replay(api, 1, 2, 3)
    run.recorded.problems.extend(Problem(line, "[odd]") for line in range(2, 14))
    console = Console(file=StringIO(), width=100, markup=False)
    terminal_report.closing_report(console, run)
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    for words in ("3 of 3", "created", "opening 2026-01-05 22:00", "line 2: [odd]", "… and 2 more bad lines"):
        assert words in shown


def test_the_command_replays_the_sample_and_prints_the_days(api: FakeApi, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        call_command(*SAMPLE, "--url", api.url, "--key", "k-1", "--organization", "org_9")
    shown = capsys.readouterr().out
    assert ended.value.code == 0
    assert (len(api.batches), api.keys) == (25, {"Api-Key k-1"})
    assert {row["organization_id"] for batch in api.batches for row in batch} == {"org_9"}
    assert "25 of 25" in shown
    assert "2026-09-14" in shown


def test_the_command_takes_address_and_key_from_the_environment(api: FakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTRADAY_URL", api.url)
    monkeypatch.setenv("INTRADAY_API_KEY", "k-2")
    with pytest.raises(SystemExit):
        call_command(*SAMPLE)
    assert api.keys == {"Api-Key k-2"}


def test_the_command_moves_the_log_to_end_now(api: FakeApi) -> None:
    with pytest.raises(SystemExit):
        call_command(*SAMPLE, "--url", api.url, "--shift-to-now")
    first, last = (datetime.fromisoformat(api.batches[place][0]["snapshot_time"]) for place in (0, -1))
    assert timedelta(0) <= datetime.now(UTC) - last < timedelta(minutes=1)
    assert last - first == timedelta(hours=2)


def test_the_command_fails_where_a_row_is_rejected(api: FakeApi, capsys: pytest.CaptureFixture[str]) -> None:
    api.refuse = lambda row: "no [such] queue" if row["queue_name"] == "billing" else None
    with pytest.raises(SystemExit) as ended:
        call_command(*SAMPLE, "--url", api.url)
    assert ended.value.code == 1
    assert "no [such] queue" in capsys.readouterr().out


def test_the_command_posts_the_good_lines_and_fails_for_the_bad_ones(
    api: FakeApi, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    log = tmp_path / "log.csv"
    log.write_text((EXAMPLES / "feed_sample.csv").read_text() + "14-09-2026 10:05;SUP;1.234;5;5;0;0;0\n")
    with pytest.raises(SystemExit) as ended:
        call_command("replay", "--csv", str(log), "--map", SAMPLE[-1], "--url", api.url)
    shown = capsys.readouterr().out
    assert ended.value.code == 1
    assert sum(len(batch) for batch in api.batches) == 50
    assert re.search(r"bad lines in the log\W+1\b", shown)
    assert "line 52: Waiting: '1.234' is not a number such as 1234,5" in shown


@pytest.mark.parametrize(("name", "kind", "rows"), [("intervals", "kpi", 16), ("attendance", "attendance", 14)])
def test_the_command_posts_the_samples_of_intervals_and_attendance(
    api: FakeApi, name: str, kind: str, rows: int
) -> None:
    files = (str(EXAMPLES / f"{name}_sample.{ending}") for ending in ("csv", "toml"))
    with pytest.raises(SystemExit) as ended:
        call_command("replay", "--csv", next(files), "--map", next(files), "--url", api.url, "--shift-to-now")
    assert ended.value.code == 0
    assert sum(len(batch) for batch in api.of(kind)) == rows
    assert api.of(kind) == [posted for _, posted in api.posts]


def test_intervals_at_their_own_times_are_computed_one_by_one(api: FakeApi) -> None:
    files = (str(EXAMPLES / f"intervals_sample.{ending}") for ending in ("csv", "toml"))
    with pytest.raises(SystemExit) as ended, time_machine.travel(datetime(2026, 10, 1, tzinfo=UTC)):
        call_command("replay", "--csv", next(files), "--map", next(files), "--url", api.url)
    assert ended.value.code == 0
    assert [kind for kind, _ in api.posts] == ["kpi", "compute"] * 8


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("incidents",),
        ("incidents", "log.csv", "--csv", "other.csv"),
        ("--csv", "feed.csv"),
        ("incidents", "nowhere.csv"),
        ("bank", "nowhere.csv"),
        ("sales", "log.csv"),
        ("bank", "log.csv", "--speed", "0"),
        ("bank", "log.csv", "--speed", "inf"),
        ("bank", "log.csv", "--every", "often"),
        ("bank", "log.csv", "--from", "monday"),
        ("bank", "log.csv", "--as-of", "--shift-to-now"),
        ("--csv", "a", "--map", "b", "--every", "5m"),
        ("--csv", "a", "--map", "b", "--first-day", "2026-09-14"),
        ("bank", "log.csv", "--first-day", "2026-09-14"),
        ("presence", "log.csv", "--first-day", "monday"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_posted(words: tuple[str, ...]) -> None:
    with pytest.raises(CommandError):
        call_command("replay", *words)


@pytest.mark.shared
def test_the_real_week_arrives_whole(real: Callable[[str], Path], api: FakeApi) -> None:
    path = real("it_incidents_2016-03-28_week.csv.gz")
    target = Target("org_123", incidents.DEPARTMENT)
    with Poster(api.url) as poster:
        run = Replay(incidents.read(path, target=target, every=timedelta(hours=1)), poster)
        run.run()
    assert run.stats.clean()
    assert run.stats.instants == 7 * 24 + 1
    assert run.stats.results["created"] == run.stats.rows == len(api.stored)
    assert [sums.closing for sums in run.closings.days.values()] == [1859, 1794, 1791, 1825, 1872, 1797, 1749]
