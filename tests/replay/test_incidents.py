from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from intraday.api_client.rows import Row
from intraday.replay.adapters import incidents
from intraday.replay.adapters.incidents import COLUMNS
from intraday.replay.replay_stats import Closings
from intraday.replay.timeline import Instant, LogError, Target, Window

Write = Callable[..., Path]
DEFAULTS = {
    "number": "1",
    "made_sla": "true",
    "opened_at": "29/3/2016 08:00",
    "sys_updated_at": "29/3/2016 08:00",
    "assignment_group": "7",
    "resolved_at": "?",
    "closed_at": "?",
}


def row(**given: str) -> str:
    return ",".join((DEFAULTS | given)[name] for name in COLUMNS)


def by_local(instants: list[Instant], time: str) -> dict[str, Row]:
    """The rows of one instant by queue; the time as the desk's clock showed it."""
    wanted = datetime.fromisoformat(time).replace(tzinfo=incidents.ZONE)
    return {row["queue_name"]: row for instant in instants if instant.time == wanted for row in instant.rows}


@pytest.fixture
def read(write: Write, target: Target) -> Callable[..., list[Instant]]:
    def read(*lines: str, **given: Any) -> list[Instant]:
        recorded = incidents.read(write("log.csv", ",".join(COLUMNS), *lines), target=target, **given)
        return list(recorded.instants)

    return read


Read = Callable[..., list[Instant]]


def test_what_is_stamped_at_midnight_belongs_to_the_day_that_begins(read: Read) -> None:
    instants = read(row(opened_at="30/3/2016 00:00", sys_updated_at="30/3/2016 00:00"))
    assert by_local(instants, "2016-03-30 00:00") == {}
    assert by_local(instants, "2016-03-30 00:15")["Group 7"]["items_added"] == 1


def test_an_end_is_not_known_before_its_time_though_every_row_repeats_it(read: Read) -> None:
    instants = read(row(resolved_at="30/3/2016 10:05", closed_at="4/4/2016 10:00"))
    assert by_local(instants, "2016-03-30 10:00")["Group 7"]["total_items"] == 1
    after = by_local(instants, "2016-03-30 10:15")["Group 7"]
    assert (after["total_items"], after["items_completed"]) == (0, 1)


def test_closing_counts_where_no_resolution_is_recorded(read: Read) -> None:
    instants = read(row(closed_at="30/3/2016 10:05"))
    assert by_local(instants, "2016-03-30 10:15")["Group 7"]["items_completed"] == 1


def test_until_its_first_row_an_incident_is_unassigned(read: Read) -> None:
    instants = read(row(opened_at="29/3/2016 08:20", sys_updated_at="29/3/2016 08:40"))
    early, late = by_local(instants, "2016-03-29 08:30"), by_local(instants, "2016-03-29 08:45")
    assert (early["unassigned"]["total_items"], early["unassigned"]["items_added"]) == (1, 1)
    assert late["unassigned"]["total_items"] == 0
    assert (late["Group 7"]["total_items"], late["Group 7"]["items_added"]) == (1, 0)


def test_a_question_mark_for_a_group_is_unassigned(read: Read) -> None:
    assert "unassigned" in by_local(read(row(assignment_group="?")), "2016-03-29 09:00")


def test_a_label_that_kept_its_word_is_the_same_queue(read: Read) -> None:
    assert "Group 7" in by_local(read(row(assignment_group="Group 7")), "2016-03-29 09:00")


def test_a_broken_promise_counts_from_the_row_that_says_so(read: Read) -> None:
    instants = read(row(), row(made_sla="false", sys_updated_at="29/3/2016 12:00"))
    assert by_local(instants, "2016-03-29 12:00")["Group 7"]["items_over_sla"] == 0
    assert by_local(instants, "2016-03-29 12:15")["Group 7"]["items_over_sla"] == 1


def test_an_age_limit_replaces_the_desks_own_verdict(read: Read) -> None:
    instants = read(row(), age_limit=timedelta(hours=4))
    assert by_local(instants, "2016-03-29 12:00")["Group 7"]["items_over_sla"] == 0
    assert by_local(instants, "2016-03-29 12:15")["Group 7"]["items_over_sla"] == 1


def test_a_window_bounds_the_grid_and_keeps_the_opening_backlog(read: Read) -> None:
    window = Window(datetime.fromisoformat("2016-04-01"), datetime.fromisoformat("2016-04-01T01:00"))
    instants = read(row(), window=window, every=timedelta(minutes=30))
    assert [instant.rows[0]["total_items"] for instant in instants] == [1, 1, 1]


def test_unreadable_lines_are_reported_and_the_rest_is_read(write: Write, target: Target) -> None:
    lines = [row(number="1", opened_at="soon"), row(number="2"), row(number="2", sys_updated_at="31/2/2016 10:00")]
    recorded = incidents.read(write("log.csv", ",".join(COLUMNS), *lines), target=target)
    assert list(recorded.instants)[-1].rows[0]["total_items"] == 1
    assert [problem.line for problem in recorded.problems] == [2, 4]
    assert "'31/2/2016 10:00' is not a time" in recorded.problems[1].message


def test_another_log_is_refused_with_what_is_missing(write: Write, target: Target) -> None:
    with pytest.raises(LogError, match="made_sla"):
        incidents.read(write("log.csv", "number,opened_at"), target=target)


OPENING = 1743
DAYS = {  # opened, ended, open at end of day: as the log's own documentation counts them
    "2016-03-28": (497, 381, 1859),
    "2016-03-29": (376, 441, 1794),
    "2016-03-30": (372, 375, 1791),
    "2016-03-31": (365, 331, 1825),
    "2016-04-01": (444, 397, 1872),
    "2016-04-02": (64, 139, 1797),
    "2016-04-03": (56, 104, 1749),
}


@pytest.mark.shared
@pytest.mark.parametrize("every", ["15m", "1h", "1d"])
def test_the_real_week_closes_every_day_with_the_published_figures(real: Callable[[str], Path], every: str) -> None:
    step = {"15m": timedelta(minutes=15), "1h": timedelta(hours=1), "1d": timedelta(days=1)}[every]
    path = real("it_incidents_2016-03-28_week.csv.gz")
    recorded = incidents.read(path, target=Target("org_123", incidents.DEPARTMENT), every=step)
    closings = Closings(recorded.zone)
    for instant in recorded.instants:
        closings.saw(instant)
    assert recorded.problems == []
    assert closings.opening is not None
    assert closings.opening[1] == OPENING
    assert {str(day): (sums.added, sums.completed, sums.closing) for day, sums in closings.days.items()} == DAYS
