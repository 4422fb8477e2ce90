"""The figures of departments and organization (DOMAIN 3.7): cases, and the statement against the rules."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st

from attendance import services
from attendance.choices import AttendanceStatus, ShiftKind
from attendance.microseconds import to_microseconds
from attendance.models import Snapshot
from attendance.presence.adherence import Adherence, adherence
from attendance.presence.chains import JOIN_WITHIN, ShiftChains, chains
from attendance.presence.headcounts import Headcount
from attendance.presence.intervals import EARLY_CHECK_IN, MINUTE, Interval, union
from attendance.presence.scheduled_periods import PlannedShift, ScheduledPeriod, from_shifts
from attendance.presence.status_periods import Record, StatusPeriod, apply_record, end_open_break
from attendance.services import RecordRow, ShiftRow
from intraday.ingest.posts import Post
from intraday.org.models import Organization
from intraday.org.services import add_queues
from tests.attendance.posting import (
    CURRENT,
    DAY,
    NINE,
    STREAM,
    Row,
    at,
    counts,
    headcounts_at,
    moment,
    plan,
    record,
    results,
    say,
    shift,
)
from tests.backlog.conftest import with_database
from tests.heard import Hear
from tests.rest.contract import ContractClient

ABSENT = {"scheduled": 1, "absent": 1}


def refresh(when: float | datetime) -> int:
    now = when if isinstance(when, datetime) else moment(when)
    return services.refresh(organization_id="org_123", now=now)


def figure(api: ContractClient, department: str = "") -> Row:
    answer = api.get(CURRENT, {"department_id": department} if department else {}).json()
    return answer["current"]  # type: ignore[no-any-return]


def headcount(api: ContractClient, department: str = "") -> Row:
    return counts(figure(api, department))


def test_four_people_stand_in_four_ways(api: ContractClient):
    plan(api, *(shift(name) for name in ("ada", "ben", "cy", "dee")), shift("eve", start=175))
    say(api, record("ada", 0), record("ben", 10), record("cy", 0), record("cy", 60, "checked_out"))
    refresh(175)
    assert headcount(api) == {
        "scheduled": 5,
        "present": 2,
        "late": 1,
        "absent": 1,
        "no_show": 1,
        "expected": 1,
        "left_early": 1,
    }
    assert figure(api)["attendance_rate"] == 40.0
    assert figure(api)["lost_minutes"] == 10 + 175


@pytest.mark.parametrize(
    ("minutes", "expected", "lost"),
    [
        (0, {"scheduled": 1, "expected": 1}, 0),
        (5, {"scheduled": 1, "expected": 1}, 0),
        (5.001, {"scheduled": 1, "absent": 1}, 5),
        (120, {"scheduled": 1, "absent": 1}, 120),
        (120.01, {"scheduled": 1, "absent": 1, "no_show": 1}, 120.01),
        (DAY - 0.001, {"scheduled": 1, "absent": 1, "no_show": 1}, 480),
        (DAY, {}, 0),
    ],
)
def test_who_does_not_come_is_expected_then_absent_then_a_no_show(
    api: ContractClient, minutes: float, expected: dict[str, int], lost: float
):
    plan(api, shift(), shift("ben", start=-60, end=-1))
    say(api, record("ben", -60))
    say(api, record("ben", -1, "checked_out"))
    refresh(minutes)
    assert headcount(api) == expected
    assert figure(api)["lost_minutes"] == pytest.approx(lost, abs=0.02)


def test_without_any_shift_there_is_no_rate_and_a_reason(api: ContractClient):
    say(api, record())
    assert headcount(api) == {"unscheduled": 1}
    assert figure(api)["attendance_rate"] is None
    assert figure(api)["reasons"] == {"attendance_rate": "nobody is scheduled"}


@pytest.mark.parametrize(
    ("came", "shifts", "minutes", "expected"),
    [
        pytest.param(-30, [shift()], -30, {}, id="early for a shift is not unscheduled"),
        pytest.param(-61, [shift()], -61, {"unscheduled": 1}, id="too early for any shift is"),
        pytest.param(-61, [shift()], -60, {}, id="until the shift is near"),
        pytest.param(0, [shift()], DAY + 30, {}, id="staying longer is not unscheduled"),
        pytest.param(DAY + 1, [shift()], DAY + 30, {"unscheduled": 1}, id="coming after the shift is"),
        pytest.param(0, [shift(kind="leave")], 1, {"unscheduled": 1}, id="coming in spite of leave is"),
        pytest.param(0, [shift(), shift(kind="leave")], 1, {"unscheduled": 1}, id="and of leave in place of a shift"),
        pytest.param(0, [shift(kind="day_off", start=-60)], 1, {"unscheduled": 1}, id="and of a day off"),
    ],
)
def test_who_is_there_without_a_shift(
    api: ContractClient, came: float, shifts: list[Row], minutes: float, expected: dict[str, int]
):
    plan(api, *shifts)
    say(api, record(minutes=came))
    refresh(minutes)
    assert headcount(api) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param([shift(cancelled=True)], {}, id="cancelled"),
        pytest.param([shift(kind="leave")], {"on_leave": 1}, id="leave"),
        pytest.param([shift(kind="leave", start=60)], {"on_leave": 1}, id="leave for the rest of the day"),
        pytest.param([shift(kind="leave", end=60)], {**ABSENT, "lost": 70 * MINUTE}, id="leave of an hour"),
        pytest.param([shift(kind="day_off", start=-540, end=900)], {}, id="day off"),
        pytest.param([shift(end=100), shift(start=120)], {**ABSENT, "lost": 10 * MINUTE}, id="moved"),
    ],
)
def test_leave_and_what_is_cancelled_is_not_scheduled(
    api: ContractClient, changes: list[Row], expected: dict[str, int]
):
    plan(api, shift())
    plan(api, *changes)
    counted = headcounts_at(moment(130))[""]
    assert {name: getattr(counted, name) for name in Headcount.__slots__ if getattr(counted, name)} == expected


def test_a_statement_of_leave_takes_the_person_off_the_schedule(api: ContractClient):
    plan(api, shift("ada"), shift("ben"), shift("cy"))
    say(api, record("ada", -500, "on_leave"), record("ben", 0, "day_off"), record("cy", 0))
    refresh(400)
    assert headcount(api) == {"scheduled": 1, "present": 1, "on_leave": 1}


def test_pieces_that_touch_are_one_shift(api: ContractClient):
    """A person who does not come is not expected anew after the break."""
    plan(api, shift(start=0, end=60), shift(kind="break", start=60, end=75), shift(start=75, end=DAY))
    refresh(76)
    assert (headcount(api), figure(api)["lost_minutes"]) == ({"scheduled": 1, "absent": 1}, 76)


def test_a_night_shift_is_one_shift(api: ContractClient):
    plan(api, shift(start=13 * 60, end=21 * 60), shift("ben", start=13 * 60, end=21 * 60))
    say(api, record(minutes=13 * 60 + 6), record("ben", 13 * 60))
    refresh(20 * 60)  # five in the morning
    assert headcount(api) == {"scheduled": 2, "present": 2, "late": 1}
    say(api, record("ben", 20 * 60 + 1, "checked_out"))
    assert headcount(api) == {"scheduled": 2, "present": 1, "late": 1, "left_early": 1}


@pytest.mark.parametrize(
    ("day", "hours"), [("2026-03-29", 7), ("2026-10-25", 9), ("2026-06-01", 8)], ids=["23 hours", "25 hours", "24"]
)
def test_a_night_in_which_the_clocks_change_is_as_long_as_it_is(api: ContractClient, day: str, hours: int):
    berlin = ZoneInfo("Europe/Berlin")
    ends = datetime.fromisoformat(f"{day}T06:00:00").replace(tzinfo=berlin)
    starts = (ends - timedelta(hours=8)).replace(tzinfo=berlin)  # by the clock on the wall: 22:00
    plan(api, shift() | {"start": starts.isoformat(), "end": ends.isoformat()})
    last = ends.astimezone(UTC) - timedelta(microseconds=60)
    refresh(last)
    assert headcount(api) == {"scheduled": 1, "absent": 1, "no_show": 1}
    assert figure(api)["lost_minutes"] == hours * 60
    refresh(ends.astimezone(UTC))
    assert headcount(api) == {}


def test_a_back_dated_check_in_repairs_the_figures_and_is_heard(api: ContractClient, heard: Hear):
    plan(api, shift("ada"), shift("ben"))
    say(api, record("ben", 0))
    refresh(30)
    assert headcount(api) == {"scheduled": 2, "present": 1, "absent": 1}
    with heard(STREAM) as published:
        assert results(say(api, record("ada", 3))) == ["created"]
    assert counts(published.of("organization")) == {"scheduled": 2, "present": 2}
    assert published.of("organization")["timestamp"] == at(30)
    assert published[0]["event"] == "attendance:checkin"
    assert published[0]["data"]["timestamp"] == at(3)


def test_a_late_record_that_changes_nothing_now_is_stored_and_not_sent(api: ContractClient, heard: Hear):
    plan(api, shift())
    say(api, record(minutes=0))
    say(api, record(minutes=60, status="on_break"))
    with heard(STREAM) as published:
        answer = say(api, record(minutes=30))
    assert (results(answer), published) == (["late"], [])


def test_a_record_of_before_takes_back_what_came_after_it(api: ContractClient):
    plan(api, shift())
    say(api, record(minutes=0, status="absent"), record(minutes=10))
    assert headcount(api) == {"scheduled": 1, "present": 1, "late": 1}
    say(api, record(minutes=2))
    assert headcount(api) == {"scheduled": 1, "present": 1}


def test_shift_times_in_a_record_are_her_shift_where_none_is_published(api: ContractClient):
    times = {"shift_start": at(0), "shift_end": at(DAY)}
    say(api, record("ada", 10, **times), record("ben", 10, "absent", **times))
    assert headcount(api) == {"scheduled": 2, "present": 1, "late": 1, "absent": 1}
    say(api, record("ada", 11, shift_start=at(9), shift_end=at(DAY)))
    assert headcount(api) == {"scheduled": 2, "present": 1, "absent": 1}
    plan(api, shift("ben", start=60))
    assert headcount(api) == {"scheduled": 1, "present": 1}


def test_the_organization_is_the_sum_of_its_departments(api: ContractClient, organization: Organization):
    add_queues(organization, [("dept_789", "claims")])
    plan(api, shift("ada"), shift("ben", department_id="dept_789"))
    say(api, record("ada"), record("ben", 10, department_id="dept_789"), record("cy", 10, department_id=None))
    assert headcount(api, "dept_456") == {"scheduled": 1, "present": 1}
    assert headcount(api, "dept_789") == {"scheduled": 1, "present": 1, "late": 1}
    assert headcount(api) == {"scheduled": 2, "present": 2, "late": 1, "unscheduled": 1}


def test_a_department_left_out_is_the_one_she_is_known_in(api: ContractClient):
    plan(api, shift())
    say(api, record(department_id=None))
    assert headcount(api, "dept_456") == {"scheduled": 1, "present": 1}


# --- recent check-ins ------------------------------------------------------------------------------------------------
def test_recent_check_ins_are_of_the_last_hour_newest_first_one_a_person(api: ContractClient):
    plan(api, *(shift(name) for name in ("ada", "ben", "cy", "dee")))
    say(
        api,
        record("ada", 0),
        record("ada", 30, "checked_out"),
        record("ada", 50),
        record("ben", 50),
        record("cy", -20),
        record("eve", 20),
        record("dee", 0.5),
        record("dee", 60),
    )
    recent = figure(api)["recent_checkins"]
    assert [(each["employee_id"], each["checked_in_at"], each["status"]) for each in recent] == [
        ("ada", at(50), "on_time"),
        ("ben", at(50), "late"),
        ("eve", at(20), "unscheduled"),
        ("dee", at(0.5), "on_time"),
    ]
    refresh(60.5)
    refresh(66)
    assert [each["employee_id"] for each in figure(api)["recent_checkins"]] == ["ada", "ben", "eve"]


def test_recent_check_ins_are_ten_at_most(api: ContractClient):
    say(api, *(record(f"e{number:02}", number / 10) for number in range(14)))
    recent = figure(api)["recent_checkins"]
    assert [each["employee_id"] for each in recent] == [f"e{number:02}" for number in range(13, 3, -1)]


def test_recent_check_ins_are_of_the_department(api: ContractClient, organization: Organization):
    add_queues(organization, [("dept_789", "claims")])
    say(api, record("ada"), record("ben", 1, department_id="dept_789"))

    def recent(department: str) -> list[str]:
        return [each["employee_id"] for each in figure(api, department)["recent_checkins"]]

    assert (recent("dept_456"), recent("dept_789"), recent("")) == (["ada"], ["ben"], ["ben", "ada"])


# --- time passes -----------------------------------------------------------------------------------------------------
def test_nothing_is_stored_or_sent_while_nothing_changes(api: ContractClient, heard: Hear):
    plan(api, shift())
    say(api, record())
    say(api, record(minutes=61))
    before = Snapshot.objects.count()
    with heard(STREAM) as published:
        assert [refresh(minutes) for minutes in range(62, 90)] == [0] * 28
    assert (published, Snapshot.objects.count()) == ([], before)
    assert figure(api)["timestamp"] == at(61)


def test_minutes_lost_are_news_every_five_minutes(api: ContractClient):
    plan(api, shift("ada"), shift("ben"))
    say(api, record("ben"))
    news = {minutes: refresh(minutes) for minutes in range(1, 20)}
    assert [minutes for minutes, count in news.items() if count] == [6, 11, 16]


def test_an_organization_whose_feed_replays_the_past_is_left_alone(api: ContractClient, heard: Hear):
    plan(api, shift())
    say(api, record())
    with heard(STREAM) as published:
        assert refresh(NINE + timedelta(days=300)) == 0
    assert published == []
    assert figure(api)["timestamp"] == at(0)


def test_a_shift_that_begins_today_wakes_the_organization(api: ContractClient):
    plan(api, shift())
    say(api, record())
    later = 300 * 1440
    plan(api, shift("ben", start=later, end=later + 60))
    assert refresh(later + 6) == 2
    assert headcount(api) == {"scheduled": 1, "absent": 1}


# --- the statement against the rules ---------------------------------------------------------------------------------
PEOPLE = ("ada", "ben")
DEPARTMENTS = ("dept_456", "dept_789")
MINUTES = st.integers(-120, 1000)
RECORDS = st.fixed_dictionaries(
    {
        "employee": st.sampled_from(PEOPLE),
        "minutes": MINUTES,
        "status": st.sampled_from([each.value for each in AttendanceStatus]),
        "back": st.none() | st.integers(0, 90),
    }
)
SHIFTS = st.fixed_dictionaries(
    {
        "employee": st.sampled_from(PEOPLE),
        "start": st.integers(-120, 600),
        "minutes": st.sampled_from([1, 4, 30, 120, 480]),
        "kind": st.sampled_from([each.value for each in ShiftKind]),
        "department": st.sampled_from(DEPARTMENTS),
        "cancelled": st.sampled_from([False, False, False, True]),
    }
)
POSTS = st.lists(st.lists(RECORDS, min_size=1, max_size=4) | st.lists(SHIFTS, min_size=1, max_size=4), max_size=8)


@with_database
@given(POSTS, st.lists(MINUTES, min_size=3, max_size=6))
def test_the_statement_counts_as_the_rules_say(organization: Organization, posts: list[Any], times: list[int]):
    """However records and shifts come, in whatever order and batches, late ones and corrections among them."""
    records: dict[tuple[str, int], Record] = {}
    plans: dict[str, list[PlannedShift]] = {name: [] for name in PEOPLE}
    with transaction.atomic():
        add_queues(organization, [(code, "") for code in DEPARTMENTS])
        for number, group in enumerate(posts):
            if "status" in group[0]:
                post_records(organization, group, records)
            else:
                post_shifts(organization, group, plans, f"post {number}")
        for minutes in times:
            counted = headcounts_at(moment(minutes))
            expected = by_rules(records, plans, to_microseconds(moment(minutes)))
            assert {code: counted.get(code, Headcount()) for code in ("", *DEPARTMENTS)} == expected
            total = counted[""]
            assert total.scheduled == total.present + total.expected + total.absent + total.left_early
            assert total.late <= total.present
            assert total.no_show <= total.absent
        transaction.set_rollback(True)


def post_records(organization: Organization, group: list[Row], records: dict[tuple[str, int], Record]) -> None:
    rows = {}
    for index, each in enumerate(group):
        time, back = moment(each["minutes"]), each["back"]
        came = None if back is None else time - timedelta(minutes=back)
        rows[index] = RecordRow(
            employee_id=each["employee"],
            department_id="dept_456",
            time=time,
            status=each["status"],
            checked_in_at=came,
        )
        reported = Record(
            to_microseconds(time), each["status"], "dept_456", None if came is None else to_microseconds(came)
        )
        records[each["employee"], to_microseconds(time)] = reported
    services.ingest(Post(organization=organization, rows=rows, now=moment(2000)))


def post_shifts(organization: Organization, group: list[Row], plans: dict[str, list[PlannedShift]], name: str) -> None:
    rows = {}
    for index, each in enumerate(group):
        start, end = moment(each["start"]), moment(each["start"] + each["minutes"])
        rows[index] = ShiftRow(
            shift_id=f"{name} {index}",
            employee_id=each["employee"],
            department_id=each["department"],
            start=start,
            end=end,
            kind=each["kind"],
            cancelled=each["cancelled"],
        )
        if not each["cancelled"]:
            time = Interval(to_microseconds(start), to_microseconds(end))
            plans[each["employee"]].append(PlannedShift(each["department"], each["kind"], time))
    services.ingest_shifts(Post(organization=organization, rows=rows, now=moment(2000)))


def by_rules(
    records: dict[tuple[str, int], Record], plans: dict[str, list[PlannedShift]], time: int
) -> dict[str, Headcount]:
    found = {code: Headcount() for code in ("", *DEPARTMENTS)}
    for person in PEOPLE:
        scheduled, periods = from_shifts(plans[person]), list[StatusPeriod]()
        work = [Interval(each.starts, each.ends) for each in scheduled if not each.on_leave]
        breaks = union(plan.time for plan in plans[person] if plan.kind == ShiftKind.BREAK)
        shift_chains = ShiftChains(chains(work), breaks)
        for (name, _), reported in sorted(records.items()):
            if name == person:
                apply_record(periods, reported, shift_chains)
        end_open_break(periods)
        for code, counted in person_by_rules([each for each in scheduled if each.of_department], periods, time):
            found[code] += counted
        for _, counted in person_by_rules([each for each in scheduled if each.of_organization], periods, time):
            found[""] += counted
    return found


def person_by_rules(
    scheduled: list[ScheduledPeriod], periods: list[StatusPeriod], time: int
) -> list[tuple[str, Headcount]]:
    covering = [each for each in scheduled if each.starts <= time < each.ends]
    now = next((period for period in periods if period.starts <= time < period.ends), None)
    here = now is not None and now.came_at is not None
    found = [
        (each.department_id, as_headcount(adherence(each, periods, time))) for each in covering if not each.on_leave
    ]
    if not here:
        found += [(each.department_id, Headcount(on_leave=1)) for each in covering if each.on_leave]
        if not covering and now is not None and now.status == AttendanceStatus.ON_LEAVE:
            found.append((now.department_id, Headcount(on_leave=1)))
    elif now is not None and now.came_at is not None:
        came = now.came_at
        near = [
            each
            for each in scheduled
            if not each.on_leave and each.starts <= min(time + EARLY_CHECK_IN, came + JOIN_WITHIN)
        ]
        if not any(each.ends > came for each in near):
            found.append((now.department_id, Headcount(unscheduled=1)))
    return found


def as_headcount(found: Adherence) -> Headcount:
    scheduled = found.state in ("present", "expected", "absent", "left_early")
    counted = {} if found.state == "day_off" else {found.state: 1}
    return Headcount(
        scheduled=int(scheduled), late=int(found.late), no_show=int(found.no_show), lost=found.lost, **counted
    )
