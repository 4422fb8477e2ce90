from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from intraday.api_client.rows import Row
from intraday.replay.adapters import presence
from intraday.replay.timeline import LogError, RecordedLog, Target, Window

DAY = 86_400
NINE = 9 * 3600


@pytest.fixture
def read(write: Callable[..., Path]) -> Callable[..., RecordedLog]:
    def read(*lines: str, department: str = "", **given: object) -> RecordedLog:
        write(presence.DEPARTMENTS, "i,Di", "1,DMI", "2,DSE", "3,DSE")
        path = write("badges.csv", "t,i,j", *lines)
        return presence.read(path, target=Target("org_123", department), **given)  # type: ignore[arg-type]

    return read


def rows(recorded: RecordedLog, kind: str) -> list[Row]:
    return [row for instant in recorded.instants if instant.kind == kind for row in instant.rows]


def test_a_person_comes_with_the_first_sighting_of_a_day_and_leaves_with_the_last(
    read: Callable[..., RecordedLog],
) -> None:
    recorded = read(f"{NINE},1,2", f"{NINE + 3600},1,3", f"{DAY + NINE},2,3")
    found = [(row["employee_id"], row["status"], row["snapshot_time"]) for row in rows(recorded, "attendance")]

    assert ("badge-1", "present", "2015-06-01T07:00:00Z") in found
    assert ("badge-1", "checked_out", "2015-06-01T08:00:00Z") in found
    assert Counter(status for _, status, _ in found) == {"present": 5, "checked_out": 5}


def test_everybody_has_a_shift_on_every_day_in_the_department_of_the_list(read: Callable[..., RecordedLog]) -> None:
    shifts = rows(read(f"{NINE},1,2"), "shifts")

    assert len(shifts) == 3 * 5
    assert Counter(row["department_id"] for row in shifts) == {"DMI": 5, "DSE": 10}
    assert {row["start"][11:] for row in shifts} == {"07:00:00Z"}
    assert len({row["shift_id"] for row in shifts}) == 15


def test_instants_come_in_order_with_the_days_shifts_first(read: Callable[..., RecordedLog]) -> None:
    recorded = read(f"{NINE},1,2", f"{DAY + NINE},2,3", every=timedelta(hours=1))

    assert [instant.time for instant in recorded.instants] == sorted(recorded.times)
    assert [instant.kind for instant in recorded.instants][:2] == ["shifts", "attendance"]


def test_a_department_given_is_everybodys(read: Callable[..., RecordedLog]) -> None:
    assert {row["department_id"] for row in rows(read(f"{NINE},1,2", department="all"), "shifts")} == {"all"}


def test_a_window_narrows_the_days(read: Callable[..., RecordedLog]) -> None:
    window = Window(datetime.fromisoformat("2015-06-02T00:00"), datetime.fromisoformat("2015-06-02T23:59"))
    recorded = read(f"{NINE},1,2", f"{DAY + NINE},2,3", window=window)

    assert {row["employee_id"] for row in rows(recorded, "attendance")} == {"badge-2", "badge-3"}
    assert {row["start"][:10] for row in rows(recorded, "shifts")} == {"2015-06-02"}


def test_unreadable_lines_are_reported_and_strangers_left_out(read: Callable[..., RecordedLog]) -> None:
    recorded = read("noon,1,2", f"{NINE},1,99")

    assert [problem.line for problem in recorded.problems] == [2]
    assert {row["employee_id"] for row in rows(recorded, "attendance")} == {"badge-1"}


def test_the_first_day_is_as_told(read: Callable[..., RecordedLog]) -> None:
    recorded = read(f"{NINE},1,2", first_day=date(2026, 9, 14))
    assert {row["snapshot_time"] for row in rows(recorded, "attendance")} == {"2026-09-14T07:00:00Z"}
    days = [row["start"][:10] for row in rows(recorded, "shifts") if row["employee_id"] == "badge-1"]
    assert days == [f"2026-09-{day}" for day in range(14, 19)]


@pytest.mark.parametrize("time", ["2026-09-16T09:00:00", "2026-09-16 09:00", "2026-09-16T07:00:00Z", "1789542000"])
def test_a_log_may_have_dates_of_its_own(read: Callable[..., RecordedLog], time: str) -> None:
    recorded = read(f"{time},1,2")
    assert {row["snapshot_time"] for row in rows(recorded, "attendance")} == {"2026-09-16T07:00:00Z"}
    assert {row["start"][:10] for row in rows(recorded, "shifts")} == {f"2026-09-{day}" for day in range(14, 19)}
    with pytest.raises(LogError, match="--first-day is for logs without dates"):
        read(f"{time},1,2", first_day=date(2026, 9, 14))


def test_a_log_of_two_weeks_has_shifts_in_both(read: Callable[..., RecordedLog]) -> None:
    recorded = read(f"{NINE},1,2", f"{9 * DAY + NINE},1,2")
    assert len({row["start"] for row in rows(recorded, "shifts")}) == 10
    assert len(rows(recorded, "attendance")) == 8


def test_shifts_alone_are_not_posted(read: Callable[..., RecordedLog]) -> None:
    for first, last in (("2015-06-02", "2015-06-05"), ("2026-09-14", "2026-09-18")):
        window = Window(datetime.fromisoformat(first), datetime.fromisoformat(last))
        with pytest.raises(LogError, match=r"shifts alone are not posted: .* covers 2015-06-01 to 2015-06-01"):
            read(f"{NINE},1,2", window=window)


def test_what_cannot_be_replayed_is_refused(read: Callable[..., RecordedLog], write: Callable[..., Path]) -> None:
    with pytest.raises(LogError, match="no sighting"):
        read()
    with pytest.raises(LogError, match="age-limit"):
        read(f"{NINE},1,2", age_limit=timedelta(hours=1))


@pytest.mark.shared
def test_the_real_week_sees_as_many_people_a_day_as_published(real: Callable[[str], Path]) -> None:
    recorded = presence.read(real("workplace_presence_week1.csv.gz"), target=Target("org_123", ""))
    came = Counter(row["snapshot_time"][:10] for row in rows(recorded, "attendance") if row["status"] == "present")

    assert [came[day] for day in sorted(came)] == [176, 166, 162, 187, 168]
    assert len(rows(recorded, "shifts")) == 232 * 5
    assert recorded.problems == []
