"""Random organizations: what screens show agrees with itself (DOMAIN 3.3, 3.4, 3.13, 3.14)."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from intraday.org.models import Scope
from intraday.org.services import add_queues
from kpi.models import QueueSettings
from tests.attendance.posting import BATCH, SHIFTS
from tests.backlog.posting import at, post
from tests.conftest import client_of
from tests.kpi.posting import CURRENT, INTERVALS, WHAT_IF, clock, compute, forecast, interval, post_all, post_forecast

QUEUES = {
    "support": "dept_456",
    "billing": "dept_456",
    "sales": "dept_456",
    "claims": "dept_789",
    "returns": "dept_789",
}
DAY = 24 * 60
CAPS = {"critical": 40, "at_risk": 79}
ANY_SIZE = {"gap_percent", "volume_variance_percent"}
"""Percentages that may lie beyond 0-100."""
PERCENTAGES = {
    "utilization": ("current_utilization", "occupancy"),
    "headcount_gap": ("short_percent",),
    "sla_risk": ("risk_score", "outlook_risk", "projected_service_level", "day_service_level"),
    "service": ("service_level", "service_level_answered", "day_service_level", "abandon_rate"),
    "health": ("sla", "staffing", "utilization"),
}


class People(NamedTuple):
    """People of one department who serve the same queues; so many of them are there."""

    department: str
    serves: frozenset[str]
    heads: int
    there: int


@st.composite
def people(draw: st.DrawFn) -> People:
    department = draw(st.sampled_from(["dept_456", "dept_789"]))
    own = [name for name, code in QUEUES.items() if code == department]
    heads = draw(st.integers(1, 6))
    return People(department, draw(st.frozensets(st.sampled_from(own))), heads, draw(st.integers(0, heads)))


@st.composite
def feed(draw: st.DrawFn) -> dict[str, Any]:
    """Post the ACD's counts ten minutes into the interval."""
    answered = draw(st.integers(0, 60))
    waiting = draw(st.integers(0, 30))
    return {
        "offered": answered + waiting + draw(st.integers(0, 5)),
        "answered": answered,
        "answered_in_target": draw(st.integers(0, answered)),
        "abandoned": draw(st.integers(0, 5)),
        "handle_seconds": draw(st.floats(0, 20_000)),
        "available_seconds": draw(st.floats(0, 5_000)),
        "paid_seconds": draw(st.none() | st.floats(0, 20_000)),
        "agents": draw(st.integers(0, 12)),
        "waiting_now": waiting,
        "longest_wait_seconds": draw(st.floats(0, 900)),
    }


plans = st.fixed_dictionaries(
    {
        "offered": st.floats(0, 150),
        "aht_seconds": st.floats(30, 600),
        "required_agents": st.none() | st.integers(0, 12),
        "scheduled_agents": st.none() | st.integers(0, 12),
    }
)
modes = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["realtime", "realtime", "deferred"]),
        "concurrency": st.sampled_from([1, 1, 2, 2.5]),
        "shrinkage": st.sampled_from([0, 30]),
        "patience_seconds": st.none() | st.just(120),
    }
)
names = st.sampled_from(sorted(QUEUES))
worlds = st.fixed_dictionaries(
    {
        "people": st.lists(people(), max_size=4),
        "feeds": st.dictionaries(names, feed()),
        "plans": st.dictionaries(names, plans),
        "modes": st.dictionaries(names, modes),
    }
)
days = iter(range(-900, 0))


def on_shift(api, day, groups):
    """Shifts from eight to two, and check-ins at eight."""
    shifts, records = [], []
    for number, group in enumerate(groups):
        for head in range(group.heads):
            name = f"{day} {number} {head}"
            who = {"employee_id": name, "department_id": group.department}
            times = {"start": at(day - 120), "end": at(day + 240)}
            shifts.append({"shift_id": name, "kind": "work", "queue_names": sorted(group.serves), **who, **times})
            if head < group.there:
                records.append({**who, "snapshot_time": at(day - 120), "status": "present"})
    assert not shifts or post(api, {"items": shifts}, SHIFTS)["status"] == 201
    assert not records or post(api, {"items": records}, BATCH)["status"] == 201


def built(api, organization, day, world):
    add_queues(organization, [(code, name) for name, code in QUEUES.items()])
    for name in QUEUES:
        scope = Scope.objects.get(organization=organization, queue_name=name)
        QueueSettings.objects.filter(scope=scope).delete()
        QueueSettings.objects.create(scope=scope, **world["modes"].get(name, {}))
    on_shift(api, day, world["people"])
    rows = [interval(name, day, as_of=at(day + 10), **found) for name, found in world["feeds"].items()]
    assert not rows or post_all(api, *rows)["status"] == 201
    plan = [forecast(name, day + minutes, **found) for name, found in world["plans"].items() for minutes in (0, 30)]
    assert not plan or post_forecast(api, *plan)["status"] == 201


@settings(
    max_examples=15,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],  # an example takes a second: shrinking takes minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(worlds)
def test_what_screens_show_agrees(transactional_db, organization, world):
    """Each example looks at a day of its own."""
    api, day = client_of(organization), next(days) * DAY
    with clock(day + 10):
        built(api, organization, day, world)
        compute(api, day + 10)
        answer = api.get(CURRENT).json()
        whole, inside = answer["current"], answer["within"]
        queues = {each["queue_name"]: each for each in inside if "queue_name" in each}
        levels = {each["department_id"]: each for each in inside if "queue_name" not in each}
        for each in (whole, *inside):
            check_judgement(each)
            check_percentages(each)
            check_row(api, each)
        for name, each in queues.items():
            check_what_if(api, name, each)
        check_sums(whole, queues, world)
        check_heads(whole, levels, queues, world)


def check_judgement(found):
    state, score = found["state"], found["health_score"]
    assert score is None or score <= CAPS.get(state["level"], 100)
    assert (found["quality"] == "suspect") == ("volume" in found)
    assert found["quality"] != "suspect" or (score is None and state["level"] == "critical")
    components = {level for level in state["components"].values() if level}
    if state["level"] in ("ok", "at_risk", "critical"):
        worst = next((level for level in ("critical", "at_risk") if level in components), "ok")
        assert state["level"] == worst
    risk = found["sla_risk"]
    if risk["risk_score"] is not None:
        bands = [(85, "critical"), (65, "high"), (45, "medium"), (0, "low")]
        assert risk["risk_level"] == next(name for limit, name in bands if risk["risk_score"] >= limit - 0.005)
    gap = found["headcount_gap"]
    if gap["gap"] is not None and gap["status"] is not None:
        needed = gap["available"] - gap["gap"] if "queue_name" in found else None
        balanced = (
            needed is not None and abs(gap["gap"]) <= max(1, 0.05 * needed) and not (needed and not gap["available"])
        )
        assert needed is None or (gap["status"] == "balanced") == balanced
        assert gap["short_percent"] in (None, 0.0) or gap["status"].endswith("understaffed")


def check_percentages(found):
    for block, fields in PERCENTAGES.items():
        for name in fields:
            assert found[block][name] is None or 0 <= found[block][name] <= 100, (block, name)
    assert found["health_score"] is None or 0 <= found["health_score"] <= 100


def check_row(api, found):
    scope = {name: found[name] for name in ("department_id", "queue_name") if name in found}
    [row] = [each for each in api.get(INTERVALS, scope).json()["intervals"] if each["state"] == "now"]
    for name in ("required", "scheduled", "available", "gap"):
        assert row[name] == found["headcount_gap"][name], name
    if found["service"]["interval_start"] == row["start"]:
        assert row["service_level"] == found["service"]["service_level"]


def check_what_if(api, name, found):
    case = post(api, {"queue_name": name}, WHAT_IF)["baseline"]
    gap, risk = found["headcount_gap"], found["sla_risk"]
    assert (case["agents"], case["required"], case["gap"]) == (gap["available"], gap["required"], gap["gap"])
    assert (case["risk_score"], case["outlook_risk"]) == (risk["risk_score"], risk["outlook_risk"])


def known(queues, block, name) -> Iterator[Any]:
    return (found[block][name] for found in queues if found[block][name] is not None)


def check_sums(whole, queues, world):
    callers = [found for name, found in queues.items() if world["modes"].get(name, {}).get("kind") != "deferred"]
    for name in ("offered", "answered", "abandoned", "waiting_now", "waiting_past_target", "day_offered"):
        values = list(known(callers, "service", name))
        expected = sum(values) if values else None
        assert whole["service"][name] == expected or abs(whole["service"][name] - expected) < 0.05, name
    values = list(known(queues.values(), "headcount_gap", "required"))
    assert whole["headcount_gap"]["required"] == (sum(values) if values else None)
    risks = list(known(queues.values(), "sla_risk", "risk_score"))
    assert whole["sla_risk"]["risk_score"] == (max(risks) if risks else None)


def check_heads(whole, levels, queues, world):
    """Nobody is two people: without the ACD shares add up to people; a level has no more than attendance sees."""
    groups = world["people"]
    for code, found in levels.items():
        there = sum(group.there for group in groups if group.department == code)
        heads = found["headcount_gap"]
        if heads["available_source"] == "attendance":
            assert heads["available"] <= there
        if not world["feeds"] and there:
            assert heads["available"] == there
    if world["feeds"]:
        return
    assert (whole["headcount_gap"]["available"] or 0) == sum(group.there for group in groups)
    shares = sum(known(queues.values(), "headcount_gap", "available"))
    assert shares == sum(group.there for group in groups if group.serves)
    for name in QUEUES:
        able = sum(group.there for group in groups if name in group.serves)
        assert (queues[name]["headcount_gap"]["available"] or 0) <= able
