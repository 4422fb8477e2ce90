"""Curves of a preview: what the rule read, its thresholds and the spans of its alerts."""

from datetime import datetime, timedelta

import pytest

from alerts.admin.curves import BOTTOM, TOP, WIDTH, Chart, Previewed, draw
from alerts.evaluation.preview import Curve
from alerts.models import Rule
from alerts.rules.catalogue import find
from intraday.org.models import Organization, Scope
from tests.alerts.world import at

ORGANIZATION = Organization(id="org_123", time_zone="Europe/Berlin")
SUPPORT, SALES = (
    Scope(pk=number, organization=ORGANIZATION, department_id="dept_456", queue_name=name)
    for number, name in enumerate(("support", "sales"), start=1)
)
HOUR = [at(60 * minute) for minute in range(61)]


def curve(values) -> Curve:
    return list(zip(HOUR, values, strict=False))


def alert(scope: Scope, begin: datetime, end: datetime | None) -> dict:
    place = {"department_id": scope.department_id, "queue_name": scope.queue_name}
    return {"scope": {"organization_id": "org_123", **place}, "from": begin, "to": end}


def charts(curves, *alerts, metric="utilization.occupancy", operator=">", threshold=90, clear=None) -> list[Chart]:
    rule = Rule(organization=ORGANIZATION, operator=operator, threshold=threshold, clear_threshold=clear)
    return draw(curves, Previewed(rule, find("kpi", metric), alerts, HOUR[-1]))


def points(line: str) -> list[tuple[float, float]]:
    return [tuple(map(float, pair.split(","))) for pair in line.split()]  # type: ignore[misc]


def test_a_curve_crosses_the_threshold_where_its_values_do():
    [chart] = charts({SUPPORT: curve([*[80] * 30, *[95] * 31])})
    [line] = chart.lines
    [limit] = chart.limits
    assert {y > limit.at for x, y in points(line) if x < WIDTH * 0.49} == {True}
    assert {y < limit.at for x, y in points(line) if x > WIDTH * 0.51} == {True}
    assert limit.label == "over 90 %"
    assert [mark.label for mark in chart.values] == ["95 %", "80 %"]
    assert all(TOP <= y <= BOTTOM for _, y in points(line))


def test_spans_of_alerts_are_those_of_the_place_and_an_open_one_lasts_until_now():
    alerts = [alert(SUPPORT, HOUR[30], HOUR[45]), alert(SUPPORT, HOUR[50], None), alert(SALES, HOUR[0], HOUR[60])]
    found = charts({SUPPORT: curve([95] * 61), SALES: curve([99] * 61)}, *alerts)
    assert [chart.place for chart in found] == ["dept_456 / sales", "dept_456 / support"]  # the longer first
    support = found[1]
    assert [(span.x, span.width) for span in support.active] == [(360, 180), (600, 120)]
    assert support.summary == "dept_456 / support: occupancy 95 %; over 90 %: 2 alerts, 25 min"


def test_without_alerts_the_place_nearest_to_one_comes_first():
    above = {SUPPORT: curve([70] * 61), SALES: curve([80] * 61)}
    assert [chart.place for chart in charts(above)] == ["dept_456 / sales", "dept_456 / support"]
    below = charts(above, operator="<", threshold=50)
    assert [chart.place for chart in below] == ["dept_456 / support", "dept_456 / sales"]


def test_a_gap_in_the_data_is_a_gap_in_the_curve():
    broken = [pair for pair in curve([80] * 61) if not HOUR[20] <= pair[0] <= HOUR[40]]
    assert len(charts({SUPPORT: broken})[0].lines) == 2
    unknown = curve([*[80] * 20, None, *[80] * 40])
    assert len(charts({SUPPORT: unknown})[0].lines) == 2


def test_a_day_of_figures_keeps_its_extremes_and_few_points():
    begin = HOUR[-1] - timedelta(hours=24)
    dense = [(begin + timedelta(seconds=10 * number), 50.0) for number in range(8_640)]
    dense[4_321] = (dense[4_321][0], 99.0)
    [chart] = charts({SUPPORT: dense})
    drawn = points(" ".join(chart.lines))
    assert len(drawn) <= WIDTH
    assert min(y for _, y in drawn) < chart.limits[0].at


def test_words_stand_in_the_order_of_the_catalogue():
    words = curve([*["ok"] * 20, *["at_risk"] * 20, *["critical"] * 21])
    [chart] = charts({SUPPORT: words}, metric="state.level", operator="==", threshold="critical")
    heights = [y for _, y in points(chart.lines[0])]
    assert heights == sorted(heights, reverse=True)
    assert heights[-1] == chart.limits[0].at
    assert [mark.label for mark in chart.values] == ["critical", "ok"]


def test_the_value_of_health_is_drawn_beside_the_threshold():
    [chart] = charts({SUPPORT: curve([80] * 61)}, clear=85)
    assert [limit.label for limit in chart.limits] == ["over 90 %", "healthy at 85 %"]
    assert chart.limits[0].at < chart.limits[1].at


def test_times_are_those_of_the_organization():
    [chart] = charts({SUPPORT: curve([80] * 61)})
    assert [mark.label for mark in chart.times] == ["11:15", "11:30", "11:45"]  # 10:00 to 11:00 UTC


@pytest.mark.parametrize("values", [[None] * 61, []])
def test_a_place_without_values_is_not_drawn(values):
    assert charts({SUPPORT: curve(values)}) == []


def test_one_value_alone_is_seen():
    [chart] = charts({SUPPORT: curve([80])})
    assert len(points(chart.lines[0])) == 2
