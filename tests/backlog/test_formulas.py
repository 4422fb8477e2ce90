"""Flows, trend, compliance and rounding: DOMAIN 1.8, 3.1 and 3.6, case by case and as laws."""

import math
import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backlog.formulas import (
    Flows,
    Point,
    Rates,
    compliance_percent,
    flows,
    flows_explain_change,
    merged,
    rates,
    trend,
    trend_points,
    with_flows,
)
from backlog.ingest.window import RAW_POINTS, thinned
from intraday.values.rounding import half_up

HOUR = 3600
QUARTER = 900


def counters(time: float, total: int, added: int | None, completed: int | None) -> Point:
    return Point(time, total, added_total=added, completed_total=completed)


@pytest.mark.parametrize(
    ("previous", "point", "expected"),
    [
        pytest.param(None, Point(0, 7), Flows(0, 0, "none"), id="the first snapshot knows no flow"),
        pytest.param(None, Point(0, 7, 3, 1), Flows(3, 1, "explicit"), id="stated counts count from the first on"),
        pytest.param(Point(0, 5), Point(QUARTER, 7, 3, 1), Flows(3, 1, "explicit"), id="stated counts"),
        pytest.param(
            counters(0, 5, 100, 90), counters(QUARTER, 7, 105, 93), Flows(5, 3, "counters"), id="counters' difference"
        ),
        pytest.param(
            counters(0, 5, 100, 90),
            Point(QUARTER, 7, 3, 1, added_total=105, completed_total=93),
            Flows(3, 1, "explicit"),
            id="stated counts go before counters",
        ),
        pytest.param(
            counters(0, 5, 100, 90), counters(QUARTER, 7, 4, 93), Flows(4, 3, "counters"), id="one counter starts over"
        ),
        pytest.param(
            counters(0, 5, 100, 90), counters(QUARTER, 7, 4, 2), Flows(4, 2, "counters"), id="both counters start over"
        ),
        pytest.param(
            counters(0, 5, 100, 90), counters(QUARTER, 7, 105, 88), Flows(5, 0, "counters"), id="two were reopened"
        ),
        pytest.param(
            counters(0, 5, 100, 90), counters(QUARTER, 7, 50, 46), Flows(50, 0, "counters"), id="half of it is a reset"
        ),
        pytest.param(
            counters(0, 5, 100, 90), counters(QUARTER, 5, 100, 90), Flows(0, 0, "counters"), id="counters at rest"
        ),
        pytest.param(Point(0, 5), counters(QUARTER, 9, 4, 0), Flows(4, 0, "net_inferred"), id="counters begin"),
        pytest.param(
            counters(0, 5, 100, 90), counters(QUARTER, 9, 104, None), Flows(4, 0, "net_inferred"), id="half a counter"
        ),
        pytest.param(Point(0, 5), Point(QUARTER, 9), Flows(4, 0, "net_inferred"), id="net growth"),
        pytest.param(Point(0, 9), Point(QUARTER, 5), Flows(0, 4, "net_inferred"), id="net decrease"),
        pytest.param(Point(0, 9), Point(QUARTER, 9), Flows(0, 0, "net_inferred"), id="no net change"),
        pytest.param(Point(0, 5), Point(QUARTER, 9, added=4), Flows(4, 0, "net_inferred"), id="half a statement"),
    ],
)
def test_flows_are_stated_or_counted_or_inferred_in_that_order(
    previous: Point | None, point: Point, expected: Flows
) -> None:
    assert flows(previous, point) == expected


@pytest.mark.parametrize(
    ("before", "after", "moved", "explained"),
    [
        pytest.param(10, 12, Flows(5, 3, "explicit"), True, id="end = start + added - completed"),
        pytest.param(10, 14, Flows(5, 3, "explicit"), True, id="two items may be missing"),
        pytest.param(10, 15, Flows(5, 3, "explicit"), False, id="three may not"),
        pytest.param(10, 9, Flows(5, 3, "counters"), False, id="three too few, by counters"),
        pytest.param(1000, 1022, Flows(2, 0, "explicit"), True, id="2 % of a large queue may be missing"),
        pytest.param(1000, 1025, Flows(2, 0, "explicit"), False, id="more than 2 % may not"),
        pytest.param(10, 50, Flows(40, 0, "net_inferred"), True, id="inferred flows always fit"),
        pytest.param(10, 50, Flows(0, 0, "none"), True, id="nothing is claimed, nothing to doubt"),
    ],
)
def test_a_residual_means_transfers_or_deletions(before: int, after: int, moved: Flows, explained: bool) -> None:
    assert flows_explain_change(Point(0, before), Point(QUARTER, after), moved) is explained


def test_the_first_snapshot_leaves_nothing_to_explain() -> None:
    assert flows_explain_change(None, Point(0, 50), Flows(3, 1, "explicit"))


def series(totals: list[int], step: float = QUARTER, added: int | None = None, completed: int | None = None):
    return [Point(index * step, total, added, completed) for index, total in enumerate(totals)]


@pytest.mark.parametrize(
    ("points", "label", "per_hour"),
    [
        pytest.param(series([10]), "stable", None, id="one point says nothing"),
        pytest.param(series([10, 50, 90]), "stable", None, id="three points say nothing"),
        pytest.param(series([10, 20, 30, 40]), "growing", 40.0, id="four points do"),
        pytest.param(series([40, 30, 20, 10]), "decreasing", -40.0, id="and downwards"),
        pytest.param(series([5, 5, 5, 5]), "stable", 0.0, id="nothing changes"),
        pytest.param(series([0, 0, 0, 0]), "stable", 0.0, id="an empty queue"),
        # change = 3 is within "3 items"; change = 4.5 is above it
        pytest.param(series([10, 11, 12, 13]), "stable", 4.0, id="up to three items are noise"),
        pytest.param(series([10, 12, 13, 15]), "growing", 19 / 3, id="more than three are not"),
        # 5 % of the median total: 1000 +- 45 -> band 51.1 and 49.
        pytest.param(series([1000, 1015, 1030, 1045]), "stable", 60.0, id="up to 5 % of a large queue is noise"),
        pytest.param(series([1000, 1030, 1060, 1090]), "growing", 120.0, id="more than 5 % is not"),
        # flows: 3 steps of 8 added and 8 completed -> 2 * sqrt(48) = 13.9
        pytest.param(series([10, 14, 18, 22], added=8, completed=8), "stable", 16.0, id="what Poisson flows explain"),
        pytest.param(series([10, 15, 20, 25], added=8, completed=8), "growing", 20.0, id="more than they explain"),
        # no flows: steps 10, -10, 10 have a median absolute deviation of 0; steps 2, 12, 7: MAD 5 -> 25.7 > 21
        pytest.param(series([50, 52, 64, 71]), "stable", 28.0, id="steps as wide as the change are noise"),
        pytest.param(series([50, 58, 65, 71]), "growing", 28.0, id="even steps are a trend"),
        # one bad sample of six: least squares would follow it
        pytest.param(series([20, 20, 90, 20, 20, 20]), "stable", 0.0, id="one bad sample is no trend"),
        pytest.param(series([20, 30, 0, 50, 60, 70]), "growing", 40.0, id="one bad sample hides no trend"),
        pytest.param(series([0, 0, 0, 50, 50, 50, 50, 50, 50, 50]), "stable", 0.0, id="only the last seven count"),
    ],
)
def test_trend_is_the_theil_sen_slope_outside_its_dead_band(
    points: list[Point], label: str, per_hour: float | None
) -> None:
    found = trend(points)
    assert found.label == label
    assert found.slope_per_hour == (None if per_hour is None else pytest.approx(per_hour))


@pytest.mark.parametrize(
    ("first", "label"),
    [
        pytest.param(5400, "growing", id="90 minutes ago is within 90 minutes"),
        pytest.param(5401, "stable", id="a second more is not"),
    ],
)
def test_trend_looks_back_90_minutes(first: float, label: str) -> None:
    points = [Point(-first, 10), Point(-3600, 20), Point(-1800, 30), Point(0, 40)]
    assert trend(points).label == label


@pytest.mark.parametrize(
    ("step", "count", "expected"),
    [
        pytest.param(10, 600, 16, id="every 10 s: one a minute, for a quarter of an hour"),
        pytest.param(60, 100, 16, id="every minute: a quarter of an hour"),
        pytest.param(45, 100, 11, id="every 45 s: every other one"),
        pytest.param(300, 100, 7, id="every five minutes: seven"),
        pytest.param(900, 100, 7, id="every quarter of an hour: 90 minutes"),
        pytest.param(1800, 100, 4, id="every half hour: 90 minutes"),
        pytest.param(10, 7, 2, id="a minute is two points"),
    ],
)
def test_a_trend_looks_at_15_to_90_minutes_of_points_a_minute_apart(step: int, count: int, expected: int) -> None:
    points = trend_points(series([10] * count, step=step, added=2, completed=1))
    assert len(points) == expected
    assert all(later.time - earlier.time >= 60 for earlier, later in pairwise(points))
    assert points[-1].time - points[0].time <= 5400
    # The points left out have not taken their flows along: two come in and one goes out in each step.
    assert [p.added for p in points[1:]] == [2 * (b.time - a.time) / step for a, b in pairwise(points)]


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        pytest.param(series([10] * 5, added=6, completed=3), Rates(24, 12), id="an hour of quarters"),
        pytest.param(series([10] * 9, added=6, completed=3), Rates(24, 12), id="two hours of quarters"),
        pytest.param(series([10] * 2, added=6, completed=3), Rates(24, 12), id="a quarter"),
        pytest.param(series([10] * 2, step=600, added=6, completed=3), Rates(36, 18), id="ten minutes are enough"),
        pytest.param(series([10] * 2, step=599, added=6, completed=3), None, id="less are not"),
        pytest.param(series([10], added=6, completed=3), None, id="the first snapshot"),
        pytest.param(series([10] * 5), None, id="flows unknown"),
        # half of a step of two hours lies within the hour: 60 of 120
        pytest.param(series([10, 10], step=7200, added=120, completed=24), Rates(60, 12), id="a step of two hours"),
        # 8 within the last quarter; those of the quarters before are not known
        pytest.param(
            [*series([10] * 4), Point(4 * QUARTER, 10, 8, 4)], Rates(32, 16), id="as far back as flows are known"
        ),
        # half an hour of work (30, 20) lands in 3 s, twice in the hour: 60 and 40, not 36,000
        pytest.param(
            [
                Point(0, 9, 0, 0),
                Point(1797, 9, 0, 0),
                Point(1800, 9, 30, 20),
                Point(3597, 9, 0, 0),
                Point(3600, 9, 30, 20),
            ],
            Rates(60, 40),
            id="work that lands in 3 s",
        ),
    ],
)
def test_rates_are_the_flows_of_the_trailing_hour(points: list[Point], expected: Rates | None) -> None:
    found = rates(points)
    assert (found is None) == (expected is None)
    if found is not None and expected is not None:
        assert (found.added, found.completed) == pytest.approx((expected.added, expected.completed))


def test_flows_of_the_first_point_belong_to_the_time_before_the_window() -> None:
    points = series([10, 15, 20, 25], added=8, completed=8)
    assert trend([points[0]._replace(added=10_000, completed=10_000), *points[1:]]).label == "growing"


def test_a_single_unknown_flow_falls_back_to_the_deviation_of_steps() -> None:
    points = series([10, 14, 18, 22], added=8, completed=8)
    assert trend(points).label == "stable"
    assert trend([*points[:2], points[2]._replace(added=None, completed=None), points[3]]).label == "growing"


@pytest.mark.parametrize(
    ("total", "over", "percent"),
    [(10, 0, 100.0), (10, 10, 0.0), (3, 1, 200 / 3), (8, 1, 87.5), (0, 0, 100.0), (10, None, None), (0, None, None)],
)
def test_compliance_is_the_share_that_waits_within_its_target(
    total: int, over: int | None, percent: float | None
) -> None:
    assert compliance_percent(total, over) == (None if percent is None else pytest.approx(percent))


@pytest.mark.parametrize(
    ("value", "rounded"),
    [
        (2.675, 2.68),
        (1.005, 1.01),
        (2.665, 2.67),
        (2.674999, 2.67),
        (-2.675, -2.68),
        (100 * 2 / 3, 66.67),
        (0.0, 0.0),
        (1e15, 1e15),
        (5e-324, 0.0),
        (1e18, None),
        (float("nan"), None),
        (None, None),
    ],
)
def test_rounding_is_half_up_at_the_edge(value: float | None, rounded: float | None) -> None:
    assert half_up(value) == rounded


# --- laws ------------------------------------------------------------------------------------------------------------
def walks(min_size: int = 1) -> st.SearchStrategy[list[Point]]:
    """Points in order of time, with and without stated flows."""
    count = st.integers(0, 500)
    flow = st.one_of(st.none(), st.tuples(count, count))
    step = st.tuples(st.integers(1, 2 * HOUR), count, flow)

    def build(steps: list[tuple[int, int, tuple[int, int] | None]]) -> list[Point]:
        time, points = 1_700_000_000, []
        for seconds, total, moved in steps:
            time += seconds
            points.append(Point(time, total, *(moved or (None, None))))
        return points

    return st.lists(step, min_size=min_size, max_size=12).map(build)


OPPOSITE = {"growing": "decreasing", "decreasing": "growing", "stable": "stable"}


@given(walks(), st.integers(0, 2_000))
def test_a_queue_mirrored_has_the_opposite_trend(points: list[Point], axis: int) -> None:
    """Mirrored at its median, so that the 5 % of the median stay what they are."""
    recent = trend_points(points)
    totals = sorted(p.total for p in recent)
    doubled_median = totals[(len(totals) - 1) // 2] + totals[len(totals) // 2]
    mirrored = [p._replace(total=doubled_median - p.total, added=p.completed, completed=p.added) for p in points]
    there, back = trend(points), trend(mirrored)
    assert back.label == OPPOSITE[there.label]
    assert back.slope_per_hour == (None if there.slope_per_hour is None else pytest.approx(-there.slope_per_hour))


@given(walks(min_size=2), st.integers(1, 11))
def test_thinning_step_by_step_is_thinning_at_once(points: list[Point], scale: int) -> None:
    """Steps from seconds to hours; nothing that a later step needs is lost, and no flow."""
    points = [p._replace(time=points[0].time + (p.time - points[0].time) // scale**2) for p in points]
    points = [p for p, later in pairwise([*points, Point(math.inf, 0)]) if p.time < later.time]
    kept: list[Point] = []
    for point in points:
        kept = thinned([*kept, point])
    assert kept == thinned(points)
    assert kept[-RAW_POINTS:] == points[-RAW_POINTS:]


@given(walks(min_size=2))
def test_merging_points_loses_no_flow(points: list[Point]) -> None:
    whole = points[0]
    for point in points[1:]:
        whole = merged(whole, point)
    flows_known = [None if p.added is None else p.added for p in points]
    assert whole.added == (None if None in flows_known else sum(count for count in flows_known if count is not None))
    assert (whole.time, whole.total) == (points[-1].time, points[-1].total)


@given(walks(), st.integers(-1_000_000_000, 1_000_000_000))
def test_a_trend_is_the_same_at_any_time_of_day(points: list[Point], seconds: int) -> None:
    assert trend([point._replace(time=point.time + seconds) for point in points]) == trend(points)


@given(walks(), st.integers(0, 1_000_000_000))
def test_a_constant_queue_is_stable_whatever_flows_through_it(points: list[Point], total: int) -> None:
    found = trend([point._replace(total=total) for point in points])
    assert found.label == "stable"
    assert found.slope_per_hour in (None, 0.0)


@given(walks(min_size=2))
def test_inferred_flows_satisfy_the_identity(points: list[Point]) -> None:
    for before, after in pairwise(point._replace(added=None, completed=None) for point in points):
        found = flows(before, after)
        assert before.total + found.added - found.completed == after.total
        assert min(found.added, found.completed) == 0


@given(st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 1000)), min_size=1, max_size=20))
def test_counted_flows_add_up_to_the_counters(steps: list[tuple[int, int]]) -> None:
    first = point = counters(0, 0, 0, 0)
    added = completed = 0
    for moved_in, moved_out in steps:
        assert point.added_total is not None
        assert point.completed_total is not None
        after = counters(point.time + 60, 0, point.added_total + moved_in, point.completed_total + moved_out)
        found = flows(point, after)
        assert found.source == "counters"
        added, completed, point = added + found.added, completed + found.completed, after
        assert with_flows(after, found).added == moved_in
    assert (added, completed) == (point.added_total, point.completed_total)
    assert (first.added_total, first.completed_total) == (0, 0)


@given(st.integers(0, 10**9), st.data())
def test_compliance_stays_between_0_and_100(total: int, data: st.DataObject) -> None:
    percent = compliance_percent(total, data.draw(st.integers(0, total)))
    assert percent is not None
    assert 0 <= percent <= 100


@given(st.floats(-1e15, 1e15))
def test_rounding_moves_a_value_by_half_a_cent_at_most(value: float) -> None:
    rounded = half_up(value)
    assert rounded is not None
    assert abs(rounded - value) <= 0.005 + 1e-9 * abs(value)
    assert half_up(rounded) == rounded


# --- the claims of DOMAIN 3.6 about a real queue ---------------------------------------------------------------------
def poisson(rng: random.Random, mean: float) -> int:
    """Knuth's method; `mean` is small here."""
    limit, count, product = math.exp(-mean), 0, rng.random()
    while product > limit:
        count, product = count + 1, product * rng.random()
    return count


def walk(rng: random.Random, inflow: float, outflow: float, *, stated: bool = True, start: int = 200) -> list[Point]:
    """Seven snapshots ten minutes apart of a queue with Poisson flows; rates per hour."""
    points = [Point(0, start, 0, 0)]
    for number in range(1, 7):
        added, completed = poisson(rng, inflow / 6), poisson(rng, outflow / 6)
        total = points[-1].total + added - completed
        points.append(Point(number * 600, total, *((added, completed) if stated else (None, None))))
    return points


def share(label: str, walks: list[list[Point]]) -> float:
    return sum(trend(points).label == label for points in walks) / len(walks)


def test_a_stationary_queue_is_rarely_called_moving() -> None:
    rng = random.Random(20260131)
    stationary = [walk(rng, 60, 60) for _ in range(2_000)]
    assert 1 - share("stable", stationary) < 0.07  # DOMAIN: 5.5 %


def test_without_flows_it_is_called_moving_more_often() -> None:
    rng = random.Random(20260131)
    stationary = [walk(rng, 60, 60, stated=False) for _ in range(2_000)]
    assert 0.1 < 1 - share("stable", stationary) < 0.25  # DOMAIN: 19 %, hence feeds should state flows


def test_one_bad_sample_seldom_makes_a_trend() -> None:
    rng = random.Random(20260131)
    spoiled = [walk(rng, 60, 60) for _ in range(2_000)]
    for points in spoiled:
        bad = rng.randrange(len(points))
        points[bad] = points[bad]._replace(total=points[bad].total * 3)
    assert 1 - share("stable", spoiled) < 0.12  # DOMAIN: 8 %; least squares 65 %


@pytest.mark.parametrize(
    ("inflow", "outflow", "start", "label", "at_least"),
    [
        pytest.param(120, 60, 100, "growing", 0.97, id="twice the inflow"),
        pytest.param(18, 60, 100, "decreasing", 0.97, id="0.3 of the inflow"),
        pytest.param(720, 600, 1000, "growing", 0.85, id="720 an hour against 600"),
    ],
)
def test_a_real_change_is_found(inflow: float, outflow: float, start: int, label: str, at_least: float) -> None:
    rng = random.Random(20260131)
    assert share(label, [walk(rng, inflow, outflow, start=start) for _ in range(500)]) >= at_least
