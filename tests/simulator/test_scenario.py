"""The simulated day: a contact centre at half past ten, whenever one looks."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random

import pytest

from intraday.api_client.rows import Row
from intraday.simulator.floor import floors
from intraday.simulator.profiles import (
    GROUPS,
    INCIDENTS,
    OUTAGES,
    PROFILES,
    Outage,
    Profile,
    edges,
    incident_at,
    volume,
)
from intraday.simulator.queueing import Line, SharedAgents
from intraday.simulator.scenario import ZONE, Posts, Scenario
from intraday.simulator.simulate import day_so_far
from kpi import formulas

START = datetime(2026, 1, 7, 14, 17, 11, tzinfo=UTC)
SUPPORT = PROFILES[0]
SEEDS = range(3)


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def story(seed: int, *seconds: float) -> list[Posts]:
    scenario = Scenario(seed, START)
    return [scenario.at(after(second)) for second in seconds]


def running(posts: Posts, queue: str = "support") -> Row:
    return [row for row in posts["kpi"] if row["queue_name"] == queue][-1]


def of_queue(posts: Posts, queue: str) -> Row:
    return next(row for row in posts["backlog"] if row["queue_name"] == queue)


def test_the_same_seed_tells_the_same_story_and_another_a_different_one() -> None:
    assert story(7, 0, 60) == story(7, 0, 60)
    assert story(7, 0, 60) != story(8, 0, 60)


def test_what_happens_does_not_depend_on_how_often_one_looks() -> None:
    often, once = story(7, *range(0, 601, 5))[-1], story(7, 600)[-1]

    assert running(often) == running(once)
    totals = [[row["total_items"] for row in posts["backlog"]] for posts in (often, once)]
    assert totals[0] == totals[1]


@pytest.mark.parametrize("hour", [0, 5, 11, 18, 23])
def test_it_is_mid_morning_at_any_hour_and_the_local_day_is_there_from_its_begin(hour: int) -> None:
    now = datetime(2026, 1, 7, hour, 40, tzinfo=ZONE)
    posts = Scenario(7, now).at(now)
    forecast = {row["interval_start"]: row["offered"] for row in posts["forecast"] if row["queue_name"] == "support"}
    told = {row["interval_start"] for row in posts["kpi"] if row["queue_name"] == "support"}
    half_hours = [now.replace(hour=0, minute=0) + timedelta(minutes=30 * place) for place in range(hour * 2 + 2)]

    assert {f"{start.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" for start in half_hours} <= told
    assert forecast[max(told)] == SUPPORT.peak
    ahead = max(datetime.fromisoformat(start) for start in forecast)
    assert ahead - now > timedelta(hours=11)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_counts_of_an_interval_agree_with_each_other(seed: int) -> None:
    posts = story(seed, 0)[0]
    for row in posts["kpi"]:
        assert row["answered_in_target"] <= row["answered"]
        assert row["abandoned_in_target"] <= row["abandoned"]
        ready = row["handle_seconds"] + row["available_seconds"]
        assert ready <= row["paid_seconds"] + 1
    for queue, rows in by_queue(posts["kpi"]).items():
        sums = Counter[str]()
        for row in rows:
            sums.update({name: row[name] for name in ("offered", "answered", "abandoned")})
        assert sums["offered"] > 100, queue
        assert (
            sum(row["handle_seconds"] for row in rows)
            / sum(row["handle_seconds"] + row["available_seconds"] for row in rows)
            > 0.4
        )


def by_queue(rows: list[Row]) -> dict[str, list[Row]]:
    found = defaultdict(list)
    for row in rows:
        found[row["queue_name"]].append(row)
    return found


@pytest.mark.parametrize("seed", SEEDS)
def test_items_come_are_served_or_give_up_and_none_is_lost(seed: int) -> None:
    told = story(seed, *range(0, 900, 30))
    for before, now in pairwise(told):
        for old, new in zip(before["backlog"], now["backlog"], strict=True):
            left = old["total_items"] + new["items_added"] - new["items_completed"] - new["total_items"]
            assert left >= 0
            assert left == 0 or new["queue_name"] in {p.queue for p in PROFILES if not p.deferred}
            assert 0 <= new["items_over_sla"] + new["sla_at_risk_count"] <= new["total_items"]
            assert 0 <= new["average_wait_time_minutes"] <= new["oldest_item_age_minutes"]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_queue_is_red_within_three_minutes_and_green_again_by_the_tenth(seed: int) -> None:
    states = {
        second: health(running(posts)) for second, posts in zip((0, 170, 600), story(seed, 0, 170, 600), strict=True)
    }

    assert states[0] >= 60
    assert states[170] <= 40
    assert states[600] >= 60


def health(row: Row) -> float:
    """Return the health score that the KPI service would give by the forecast."""
    agents = row["agents_available"] + row["agents_on_contact"] + row["agents_after_contact"]
    load = {"calls": SUPPORT.peak, "interval_seconds": 1800, "aht_seconds": SUPPORT.aht}
    target = {"target_service_level": 0.8, "target_seconds": 20}
    required = formulas.required_agents(**load, **target).agents
    risk = formulas.sla_risk(
        interval_seconds=1800,
        elapsed_seconds=0,
        forecast_calls=SUPPORT.peak,
        offered=0,
        judged=0,
        in_target=0,
        waiting=row["waiting_now"],
        waiting_past_target=row["waiting_now"] if row["longest_wait_seconds"] > 20 else 0,
        aht_seconds=SUPPORT.aht,
        agents=agents,
        **target,
    ).outlook_risk
    share = formulas.headcount_gap(required=required, available=agents).share
    return formulas.health_score(risk=risk, gap_share=share, occupancy=0.8).score or 0.0


def test_incidents_take_turns_and_end() -> None:
    found = [incident_at(second).queue for second in (0, 60, 269, 271, 960, 1860)]

    assert found == ["", "support", "support", "", "email", "billing"]
    assert list(edges(0, 1200)) == [40, 270, 940, 1170]
    assert list(edges(40, 270)) == []


def test_a_pile_of_mail_grows_the_backlog() -> None:
    before, rush = (of_queue(posts, "email") for posts in story(7, 935, 1160))

    assert rush["total_items"] > before["total_items"] + 40


def test_people_come_late_take_breaks_and_leave() -> None:
    scenario = Scenario(7, START)
    earlier, *later = [scenario.at(after(second)) for second in range(0, 901, 60)]
    statuses = Counter(row["status"] for row in earlier["attendance"])
    live = Counter(row["status"] for posts in later for row in posts["attendance"])

    assert set(statuses) == {"present", "late", "on_break", "training", "checked_out"}
    assert live["present"] + live["late"] > 10
    assert live["on_break"] > 0
    for row in earlier["attendance"]:
        assert row["snapshot_time"] <= f"{START:%Y-%m-%dT%H:%M:%SZ}"
        assert row["checked_in_at"] <= row["snapshot_time"]


def test_shifts_are_published_ahead_and_every_piece_lies_within_its_shift() -> None:
    shifts = story(7, 0)[0]["shifts"]
    work = {row["shift_id"].rpartition("-")[0]: row for row in shifts if row["kind"] == "work"}

    assert len({row["shift_id"] for row in shifts}) == len(shifts)
    assert {row["start"][14:] for row in shifts} == {"00:00Z", "15:00Z", "30:00Z", "45:00Z"}
    assert {row["kind"] for row in shifts} == {"work", "break", "training", "leave"}
    for row in shifts:
        whole = work.get(row["shift_id"].rpartition("-")[0], row)
        assert whole["start"] <= row["start"] < row["end"] <= whole["end"]


def test_a_day_later_the_next_days_plans_have_been_published() -> None:
    first, second = story(7, 0, 86_400)

    assert first["shifts"]
    assert {row["shift_id"] for row in second["shifts"]}.isdisjoint(row["shift_id"] for row in first["shifts"])
    known = {(row["queue_name"], row["interval_start"]) for posts in (first, second) for row in posts["forecast"]}
    assert len(known) == len(first["forecast"]) + len(second["forecast"])


def test_a_clock_that_was_set_back_stands_still() -> None:
    scenario = Scenario(7, START)
    scenario.at(after(3600))

    assert running(scenario.at(START))["as_of"] == running(scenario.at(after(3600)))["as_of"]


def test_the_day_so_far_is_told_in_order_and_each_step_computed_before_the_next() -> None:
    told = list(day_so_far(Scenario(7, START)))
    kinds = [kind for posts in told for kind, rows in posts.items() if rows]
    computed = [row["as_of_time"] for posts in told for row in posts.get("compute", [])]

    assert kinds[:2] == ["backlog", "shifts"]
    assert kinds.index("forecast") > max(place for place, kind in enumerate(kinds) if kind == "attendance")
    assert kinds.index("forecast") < kinds.index("kpi")
    assert computed == sorted(computed)
    assert computed[-1] == "2026-01-07T14:17:11Z"
    assert all(row["as_of"] <= at for row, at in _with_their_computation(told))


def _with_their_computation(told: list[Posts]) -> Iterator[tuple[Row, str]]:
    for posts in told:
        for row in posts.get("kpi", []):
            yield row, posts["compute"][0]["as_of_time"]


def test_at_the_end_everybody_is_where_she_is() -> None:
    scenario = Scenario(7, START)
    scenario.at(START)
    told = scenario.everybody()
    people = Counter(row["status"] for row in told["attendance"])
    paid = sum(staff.paid for staff in scenario.staff.values())

    assert people.total() - people["checked_out"] == paid
    assert people["present"] + people["late"] == sum(staff.at_work for staff in scenario.staff.values())
    states = {row["employee_id"]: row["state"] for row in told["states"]}
    away = {row["employee_id"] for row in told["attendance"] if row["status"] in ("checked_out", "on_break")}
    assert {states[person] for person in away} <= {"offline", "break", "lunch", "on_contact", "after_contact"}


def at_home(row: Row, homes: dict[tuple[str, ...], str]) -> str:
    """The only queue of a person, or the one that those trained for several work in; else no queue."""
    queues = tuple(row["queue_names"])
    return queues[0] if len(queues) == 1 else homes.get(queues, "")


@pytest.mark.parametrize("seed", SEEDS)
def test_states_of_agents_are_those_that_the_acd_counts(seed: int) -> None:
    """Through incidents, too: agents who cannot be reached are offline. Each row is newer than the one before."""
    scenario, latest = Scenario(seed, START), dict[str, Row]()
    homes = {group.queues: group.home for group in GROUPS if group.home}
    for seconds in (0, *range(5, 600, 35)):
        posts = scenario.at(after(seconds))
        for row in posts["states"]:
            before = latest.get(row["employee_id"])
            assert before is None or before["since"] <= row["since"]
            latest[row["employee_id"]] = row
        for queue in ("support", "email", "claims", "returns"):
            live = running(posts, queue)
            counts = Counter(row["state"] for row in latest.values() if at_home(row, homes) == queue)
            for state in ("available", "on_contact", "after_contact"):
                assert counts[state] == live[f"agents_{state}"]
    assert {"break", "lunch", "offline"} <= {row["state"] for row in latest.values()}


def test_the_curve_of_the_day_is_continuous_and_repeats() -> None:
    assert volume(24) == volume(0) == volume(-24)
    assert volume(10) == volume(11.3) == 1
    steps = [volume(hour / 10) for hour in range(-50, 300)]
    assert max(abs(b - a) for a, b in pairwise(steps)) < 0.05


# --- people who serve two queues -------------------------------------------------------------------------------------
def test_a_group_is_published_on_shifts_that_name_both_of_its_queues() -> None:
    shifts = story(7, 0)[0]["shifts"]
    named = {tuple(row["queue_names"]) for row in shifts}
    people = {row["employee_id"] for row in shifts if row["queue_names"] == ["billing", "sales"]}

    assert named == {(profile.queue,) for profile in PROFILES} | {("billing", "sales")}
    # 8 heads by the parts .34 .38 .24 .12 .48 .16 of the waves, rounded: 3 + 3 + 2 + 1 + 4 + 1
    assert len(people) == 14


def shared_pair(own: int, group: int) -> tuple[Line, Line, SharedAgents]:
    """Two queues that nobody calls, each with agents of its own, and a group for both; contacts last 100 s."""

    def line(queue: str) -> Line:
        profile = Profile("dept", queue, peak=1, aht=100, heads=0, target=20, patience=1e9)
        return Line(profile, Random(7), 0.0, lambda _: 1e-12, lambda _: 1.0)

    left, right, agents = line("left"), line("right"), SharedAgents(("left", "right"))
    for each in (left, right):
        each.staff.at_work = each.staff.paid = own
    agents.staff.at_work = agents.staff.paid = group
    return left, right, agents


def test_own_agents_come_first_and_the_group_takes_what_has_waited_longest() -> None:
    left, right, agents = shared_pair(own=1, group=2)
    [floor] = floors([left, right], [agents])
    for number, came in enumerate((-30.0, -20.0, -10.0)):
        left.waiting[-number - 1] = came
        right.waiting[-number - 1] = came - 5.0
    floor.advance(1e-6)

    # Each takes its oldest (-30 and -35) by an agent of its own; the two of the group take -25 (right) and -20 (left).
    assert list(left.waiting.values()) == [-10.0]
    assert list(right.waiting.values()) == [-15.0]
    assert sorted(each.queue for each in agents.busy) == ["left", "right"]


def test_both_queues_count_the_whole_group_and_each_contact_counts_once() -> None:
    left, right, agents = shared_pair(own=0, group=3)
    [floor] = floors([left, right], [agents])
    left.waiting[-1] = 0.0
    floor.advance(1.0)  # the contact lasts longer than this second

    one, other = left.intervals[0.0], right.intervals[0.0]
    assert (one.agents, other.agents) == (3, 3)
    assert (one.handled, one.available, one.paid) == (1.0, 2.0, 3.0)
    assert (other.handled, other.available, other.paid) == (
        0.0,
        2.0,
        2.0,
    )  # who serves the other queue is not paid here
    assert (one.answered, other.answered) == (1, 0)


def test_a_queue_whose_telephones_fail_reaches_no_more_of_the_group_than_of_others() -> None:
    left, right, agents = shared_pair(own=0, group=8)
    left.reach = lambda _: 0.25
    [floor] = floors([left, right], [agents])
    for number in range(8):
        left.waiting[-number - 1] = 0.0
    floor.advance(1e-6)

    assert len(left.handling) == 2
    assert (left.signed_in, right.signed_in, right.idle) == (2, 8, 6)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_groups_agents_really_answer_both_queues_and_no_one_serves_two_at_a_time(seed: int) -> None:
    scenario, served = Scenario(seed, START), Counter[str]()
    [group] = [each for floor in scenario.floors for each in floor.shared]
    for second in range(0, 3601, 30):
        scenario.at(after(second))
        served.update(each.queue for each in group.busy)
        assert len(group.busy) <= group.staff.paid + 1  # she who should be gone may be busy still

    assert min(served["billing"], served["sales"]) > 10


def test_only_queues_of_a_group_stand_on_one_floor() -> None:
    together = [sorted(line.profile.queue for line in floor.lines) for floor in Scenario(7, START).floors]

    assert sorted(together) == [["billing", "sales"], ["claims"], ["email"], ["returns"], ["support"]]
    assert [group.queues for group in GROUPS] == [("billing", "sales")]


# --- a broken line ---------------------------------------------------------------------------------------------------
HOURLY, NOW = Outage(), OUTAGES["now"]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("outage", [HOURLY, NOW])
def test_in_an_outage_nothing_is_offered_while_the_feed_posts_and_then_it_returns(seed: int, outage: Outage) -> None:
    scenario = Scenario(seed, START, outage=outage)
    begin, end = outage.first, outage.first + outage.lasts
    times = [begin - 60, begin, begin + 200, begin + 400, end, end + 120]
    told = [scenario.at(after(second)) for second in times]
    offered = [total_offered(world_posts["kpi"], told[:place]) for place, world_posts in enumerate(told)]

    assert offered[1] > offered[0]
    assert offered[1] == offered[2] == offered[3] == offered[4]
    assert offered[5] > offered[4] + 4  # 2 minutes of 6.67
    stamps = [running(posts)["as_of"] for posts in told]
    assert len(set(stamps)) == len(stamps)
    assert all(running(posts)["waiting_now"] == 0 for posts in told[3:5])


def total_offered(rows: list[Row], before: list[Posts]) -> int:
    """Add up the offered contacts of all intervals of support posted up to then, each as posted last."""
    newest = {
        row["interval_start"]: row["offered"]
        for told in (*(posts["kpi"] for posts in before), rows)
        for row in told
        if row["queue_name"] == "support"
    }
    return sum(newest.values())


def test_without_its_hour_or_an_outage_the_story_is_the_same() -> None:
    quiet, broken = [Scenario(7, START, outage=outage).at(after(1100))["kpi"] for outage in (None, HOURLY)]

    assert quiet == broken


def test_other_queues_go_on_in_an_outage() -> None:
    quiet, broken = (Scenario(7, START, outage=outage).at(after(1700)) for outage in (None, HOURLY))

    assert running(quiet, "billing") == running(broken, "billing")
    assert running(quiet)["offered"] > running(broken)["offered"]


def test_what_is_forecast_in_an_outage_suffices_to_notice_it() -> None:
    """12 expected contacts within 6 minutes, in all of the first nine hours; 9 minutes leave 3 to show it."""
    support = next(profile for profile in PROFILES if profile.queue == HOURLY.queue)
    for minutes in range(0, 9 * 60, 10):
        assert support.peak * volume(10.5 + minutes / 60) / 30 * 6 >= 12
    assert HOURLY.lasts >= 9 * 60


def test_an_outage_comes_every_hour_and_never_during_an_incident() -> None:
    for hour in range(6):
        begin = HOURLY.first + hour * 3600
        assert [HOURLY.holds("support", begin + second) for second in (-1, 0, 539, 540)] == [False, True, True, False]
        assert {incident_at(begin + second).queue for second in range(540)} == {""}
    assert not HOURLY.holds("billing", HOURLY.first)
    assert INCIDENTS[0].queue == "support"
