"""Departments and organizations are the sums of their queues, whatever is known of those."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from intraday.org.models import Scope
from kpi.models import QueueSettings
from kpi.pipeline.heads import Heads
from kpi.pipeline.part import Part, quality_of, roll_up
from kpi.pipeline.totals import Totals, add
from tests.backlog.conftest import with_database
from tests.conftest import client_of
from tests.kpi.posting import clock, compute, figure, forecast, interval, post_all, post_forecast, round_of

ADDED = ("required", "scheduled", "available", "gap")
COUNTED = ("offered", "answered", "abandoned", "waiting_now")
QUEUES = ("support", "billing", "sales")

counts = st.integers(0, 500)
maybe = st.none() | counts


@st.composite
def measured(draw):
    answered, abandoned = draw(counts), draw(counts)
    return {
        "offered": draw(counts),
        "answered": answered,
        "answered_in_target": draw(st.integers(0, answered)),
        "abandoned": abandoned,
        "abandoned_in_target": draw(st.none() | st.integers(0, abandoned)),
        "wait_seconds": draw(st.none() | st.floats(0, 1e6)),
        "handle_seconds": draw(st.floats(0, 1e6)),
        "available_seconds": draw(st.floats(0, 1e6)),
        "paid_seconds": draw(st.none() | st.floats(0, 1e6)),
        "agents": draw(counts),
        "waiting_now": draw(maybe),
        "longest_wait_seconds": draw(st.none() | st.floats(0, 1e5)),
    }


planned = st.fixed_dictionaries(
    {
        "offered": st.floats(0, 1_000),
        "aht_seconds": st.floats(0, 3_600),
        "required_agents": maybe,
        "scheduled_agents": maybe,
    }
)
known = st.dictionaries(st.sampled_from(QUEUES), st.tuples(st.none() | measured(), st.none() | planned, st.booleans()))
step = iter(range(-10_000, 0))


@with_database
@given(known)
def test_totals_are_those_of_the_queues(organization, inputs):
    """Each example looks at intervals of its own, a day after those of the one before."""
    api, day = client_of(organization), next(step) * 24 * 60
    for name, (_, _, deferred) in inputs.items():
        scope = Scope.objects.get(organization=organization, queue_name=name)
        QueueSettings.objects.update_or_create(scope=scope, defaults={"kind": "deferred" if deferred else "realtime"})
    with clock(day):
        stats = [interval(name, day - 30, **found) for name, (found, _, _) in inputs.items() if found]
        plans = [forecast(name, day, **plan) for name, (_, plan, _) in inputs.items() if plan]
        assert not stats or post_all(api, *stats)["status"] == 201
        assert not plans or post_forecast(api, *plans)["status"] == 201
        total = compute(api, day)
        queues = [compute(api, day, queue_name=name) for name in QUEUES]
    callers = [queue for queue, name in zip(queues, QUEUES, strict=True) if not (name in inputs and inputs[name][2])]
    for block, names, of in (("headcount_gap", ADDED, queues), ("service", COUNTED, callers)):
        for name in names:
            values = [queue[block][name] for queue in of if queue[block][name] is not None]
            assert total[block][name] == (sum(values) if values else None), name
    risks = [queue["sla_risk"]["risk_score"] for queue in queues if queue["sla_risk"]["risk_score"] is not None]
    assert total["sla_risk"]["risk_score"] == (max(risks) if risks else None)
    outlooks = [(queue["sla_risk"]["risk_score"], queue["sla_risk"]["outlook_risk"]) for queue in queues]
    assert total["sla_risk"]["queues_at_risk"] == sum(max(pair[0] or 0, pair[1] or 0) >= 65 for pair in outlooks)
    for found in (total, *queues):
        assert all(math.isfinite(number) for number in numbers(found))


def numbers(found):
    for value in found.values():
        if isinstance(value, dict):
            yield from numbers(value)
        elif isinstance(value, float | int):
            yield value


@pytest.mark.parametrize("tiny", [5e-324, 1e-300, 1e-30])
def test_nobody_is_busier_than_always_however_little_was_paid(api, tiny):
    with clock(0):
        post_all(api, interval(handle_seconds=1e12, available_seconds=tiny, paid_seconds=tiny))
        for scope in ({}, {"queue_name": "support"}):
            found = compute(api, **scope)
            assert (found["status"], found["utilization"]["current_utilization"]) == (201, 100.0)
            assert found["utilization"]["occupancy"] == 100.0


def test_shares_are_sums_over_sums(api):
    """90 of 100 and 10 of 300 are 100 of 400, not the mean of 90 % and 3.33 %."""
    with clock(0):
        few = {"answered": 100, "answered_in_target": 90, "wait_seconds": 1_000, "handle_seconds": 18_000}
        many = {"offered": 300, "answered": 300, "answered_in_target": 10, "wait_seconds": 30_000}
        post_all(
            api,
            interval(**few, available_seconds=0, paid_seconds=20_000),
            interval("billing", **many, handle_seconds=18_000, available_seconds=36_000, paid_seconds=60_000),
        )
        found = compute(api)
    assert found["service"]["service_level"] == 25.0
    assert (found["service"]["asa_seconds"], found["service"]["aht_seconds"]) == (77.5, 90.0)
    assert found["utilization"]["occupancy"] == 50.0
    assert found["utilization"]["current_utilization"] == 45.9  # (36000 + 720) / 80000


def test_required_is_the_sum_without_pooling(api):
    with clock(0):
        post_all(api, interval(), interval("billing"))
        post_forecast(api, forecast(), forecast("billing"))
        found = compute(api)
    assert found["headcount_gap"]["required"] == 28  # 200 calls pooled would need 24


@pytest.mark.parametrize(
    ("qualities", "expected"),
    [
        ([], "no_data"),
        (["no_data", "no_data"], "no_data"),
        (["ok", "ok", "no_data"], "ok"),
        (["ok", "stale"], "partial"),
        (["stale", "stale", "no_data"], "stale"),
        (["ok", "partial"], "partial"),
    ],
)
def test_quality_of_a_level(qualities, expected):
    parts = [Part(Totals(), quality) for quality in qualities]
    assert roll_up(parts, Heads(), None).quality == expected


def test_a_level_is_closed_when_all_of_it_is():
    with clock(0) as now, clock(60) as later:
        open_, closed, closed_longer = (Part(Totals(), "ok", closed_until=until) for until in (None, now, later))
    assert roll_up([open_, closed], Heads(), None).closed_until is None
    assert roll_up([closed_longer, closed], Heads(), None).closed_until == now
    assert roll_up([], Heads(), None).closed_until is None


def test_where_all_is_deferred_what_may_become_of_it_is_its_own():
    mails = Part(Totals(weight=10, projected_in_target=9), "ok", is_deferred=True)
    calls = Part(Totals(weight=100, projected_in_target=80), "ok")
    assert roll_up([mails, mails], Heads(), None).totals.projected_in_target == 18
    assert roll_up([mails, calls], Heads(), None).totals.projected_in_target == 80


some_totals = st.builds(
    Totals,
    offered=maybe,
    required=maybe,
    available=maybe,
    gap=st.none() | st.integers(-500, 500),
    risk=st.none() | st.floats(0, 1),
    required_method=st.none() | st.sampled_from(["erlang_c", "manual"]),
    longest_wait_seconds=st.none() | st.floats(0, 1e5),
)


@given(st.lists(some_totals), st.integers(0, 10))
@settings(max_examples=100)
def test_it_does_not_matter_how_queues_are_grouped(parts, cut):
    """Counts alone: of labels a group keeps only what all of it agree on."""
    grouped, whole = add([add(parts[:cut]), add(parts[cut:])]), add(parts)
    for name in ("offered", "required", "available", "gap", "risk", "longest_wait_seconds"):
        assert getattr(grouped, name) == getattr(whole, name), name


def test_the_sum_of_nothing_is_unknown():
    assert set(structs.astuple(add([]))) == {None}
    assert add([Totals(offered=0), Totals()]).offered == 0
    assert quality_of([]) == "no_data"


def test_a_queue_that_was_not_worked_out_now_counts_with_its_last_figure(api, organization):
    with clock(0):
        post_all(api, interval(), interval("billing", agents=10))
        round_of(organization, 0)
        post_all(api, interval("billing", agents=12, as_of="2026-01-31T10:00:30Z"))
        round_of(organization, 1)
        assert figure(api)["headcount_gap"]["available"] == 26


def test_no_level_is_short_of_more_heads_than_it_requires():
    """Two are required in one queue, where five are; six are in a queue whose requirement nobody knows. Attendance sees
    five people: at worst nobody of them is in the first queue."""
    known = Part(Totals(required=2, available=5, gap=3, gap_required=2), "ok")
    unknown = Part(Totals(available=6), "partial")
    found = roll_up([known, unknown], Heads(5, None, "attendance"), None).totals
    assert (found.available, found.gap, found.gap_required) == (5, -2, 2)
