"""One judgement of a scope, made on the server (DOMAIN 3.14)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpi.formulas import health_score
from kpi.pipeline.state import (
    Components,
    Limits,
    Memory,
    QueueCounts,
    Reason,
    State,
    StateInputs,
    above,
    judge,
)

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ORDER = ["critical", "at_risk", "stale", "unknown", "ok", "closed"]
WELL = StateInputs(
    outlook_risk=30,
    risk=30,
    shortfall_points=-5,
    judged=20,
    short_percent=0,
    required=10,
    available=10,
    backlog_compliance=97,
)
LIMITS = Limits()


class Scope:
    """Ticks of one queue, with the memory carried on as JSON, as the database keeps it."""

    def __init__(self, limits: Limits = LIMITS) -> None:
        self.limits, self.memory, self.state = limits, None, None

    def tick(self, minute: float, **changed: Any) -> State:
        at = START + timedelta(minutes=minute)
        self.state, memory = judge(replace(WELL, **changed), self.limits, self.memory, at)
        self.memory = msgspec.json.decode(msgspec.json.encode(memory), type=Memory)
        return self.state

    def levels(self, *ticks: tuple[float, dict[str, Any]]) -> list[tuple[float, str]]:
        """Return the minutes at which the level changed."""
        found: list[tuple[float, str]] = []
        for minute, changed in ticks:
            level = self.tick(minute, **changed).level
            if not found or found[-1][1] != level:
                found.append((minute, level))
        return found


def every_minute(since: int, until: int, **changed: Any) -> list[tuple[float, dict[str, Any]]]:
    return [(minute, changed) for minute in range(since, until)]


LOST = {"risk": 90, "shortfall_points": 21}


@pytest.mark.parametrize(
    ("bad", "level", "enters", "reason"),
    [
        pytest.param({"outlook_risk": 85}, "critical", 3, ("outlook_risk", 85, 85), id="outlook critical"),
        pytest.param({"outlook_risk": 84.9}, "at_risk", 3, ("outlook_risk", 84.9, 65), id="outlook below critical"),
        pytest.param({"outlook_risk": 65}, "at_risk", 3, ("outlook_risk", 65, 65), id="outlook at risk"),
        pytest.param({"outlook_risk": 64.9}, "ok", None, None, id="outlook below both"),
        pytest.param(LOST, "critical", 3, ("interval_lost", 21, 20), id="the interval is lost"),
        pytest.param(
            LOST | {"shortfall_points": 20}, "at_risk", 3, ("interval_lost", 20, 10), id="20 points, not more"
        ),
        pytest.param(LOST | {"shortfall_points": 10}, "ok", None, None, id="10 points, not more"),
        pytest.param(LOST | {"risk": 84.9}, "ok", None, None, id="the interval may still be met"),
        pytest.param(LOST | {"judged": 7}, "ok", None, None, id="seven contacts say nothing"),
        pytest.param(LOST | {"judged": 8}, "critical", 3, ("interval_lost", 21, 20), id="eight contacts do"),
        pytest.param({"short_percent": 20}, "critical", 10, ("shortage", 20, 20), id="a fifth short"),
        pytest.param({"short_percent": 19.9}, "at_risk", 10, ("shortage", 19.9, 10), id="a tenth short"),
        pytest.param({"short_percent": 9.9}, "ok", None, None, id="a little short"),
        pytest.param({"available": 0}, "critical", 0, ("nobody_there", 10, 0), id="nobody there"),
        pytest.param({"available": 0, "required": 0}, "ok", None, None, id="nobody there, nobody required"),
        pytest.param({"backlog_compliance": 74.9}, "critical", 0, ("backlog_compliance", 74.9, 75), id="backlog"),
        pytest.param({"backlog_compliance": 75}, "at_risk", 0, ("backlog_compliance", 75, 90), id="backlog at risk"),
        pytest.param({"backlog_compliance": 90}, "ok", None, None, id="backlog well"),
        pytest.param({"suspect": (0, 70)}, "critical", 0, ("volume_implausibly_low", 0, 70), id="suspect volume"),
        pytest.param(
            {"quality": "stale", "age_seconds": 400, "fresh_seconds": 180},
            "stale",
            0,
            ("feed_stale", 400, 180),
            id="stale",
        ),
        pytest.param({"quality": "no_data"}, "unknown", 0, ("no_data", None, None), id="no data"),
        pytest.param({"quality": "partial"}, "ok", None, None, id="partial"),
        pytest.param({"closed": True} | LOST, "closed", 0, None, id="closed"),
    ],
)
def test_a_level_is_entered_when_its_condition_has_held(
    bad: dict[str, Any], level: str, enters: int | None, reason: tuple[str, float, float] | None
) -> None:
    scope = Scope()
    changes = scope.levels((-1, {}), *every_minute(0, 30, **bad))

    last = [change for change in changes if change[1] == level][-1]
    assert changes[0] == (-1, "ok")
    assert changes[-1] == last
    assert last[0] == (enters if enters is not None else -1)
    assert scope.state.since == START + timedelta(minutes=last[0])
    first = scope.state.reasons[0] if scope.state.reasons else None
    assert first == (reason and Reason(code=reason[0], value=reason[1], limit=reason[2], level=level))


@pytest.mark.parametrize(
    ("bad", "still", "well", "left"),
    [
        ({"outlook_risk": 90}, {"outlook_risk": 65}, {"outlook_risk": 54}, [(5, "ok")]),
        ({"outlook_risk": 90}, {"outlook_risk": 65}, {"outlook_risk": 64}, [(5, "at_risk")]),
        ({"outlook_risk": 70}, {"outlook_risk": 55}, {"outlook_risk": 54.9}, [(5, "ok")]),
        (LOST, LOST | {"shortfall_points": 5.1}, LOST | {"shortfall_points": 5}, [(5, "ok")]),
        (LOST, LOST | {"risk": 55, "judged": 3}, LOST | {"risk": 54, "judged": 3}, [(5, "ok")]),
        ({"short_percent": 25}, {"short_percent": 15}, {"short_percent": 14.9}, [(5, "at_risk")]),
        ({"short_percent": 25}, {"short_percent": 15}, {"short_percent": 0}, [(5, "ok")]),
        ({"short_percent": 12}, {"short_percent": 5}, {"short_percent": 4.9}, [(5, "ok")]),
        ({"available": 0}, {"available": 0, "required": 1}, {"available": 9}, [(5, "ok")]),
        ({"backlog_compliance": 70}, {"backlog_compliance": 77.9}, {"backlog_compliance": 78}, [(5, "at_risk")]),
        ({"backlog_compliance": 80}, {"backlog_compliance": 92.9}, {"backlog_compliance": 93}, [(5, "ok")]),
        ({"suspect": (0, 70)}, {"suspect": (30, 70)}, {}, [(0, "ok")]),
        ({"quality": "stale"}, {"quality": "stale"}, {}, [(0, "ok")]),
        ({"closed": True}, {"closed": True}, {}, [(0, "ok")]),
    ],
)
def test_a_level_is_left_after_five_minutes_on_its_healthy_side(
    bad: dict[str, Any], still: dict[str, Any], well: dict[str, Any], left: list[tuple[float, str]]
) -> None:
    scope = Scope()
    entered = scope.levels(*every_minute(-60, -30, **bad), *every_minute(-30, 0, **still))[-1]

    changes = scope.levels(*every_minute(0, 20, **well))

    assert entered[0] < -30  # the value between the limits kept it
    assert [change for change in changes if change[1] != entered[1]] == left


def test_one_healthy_tick_starts_the_clock_anew_and_one_bad_one_keeps_the_level() -> None:
    scope, bad = Scope(), {"outlook_risk": 90}
    entering = scope.levels((0, bad), (2, bad), (2.5, {}), (3, bad), (5.9, bad), (6, bad))
    leaving = scope.levels((7, {}), (11, {}), (11.5, bad), (12, {}), (16.9, {}), (17, {}))

    assert entering == [(0, "ok"), (6, "critical")]
    assert leaving == [(7, "critical"), (17, "ok")]


def test_irregular_ticks_count_the_time_between_them() -> None:
    scope, bad = Scope(), {"outlook_risk": 90}

    assert scope.levels((0, bad), (0.1, bad), (1.1, bad), (2.9, bad), (3.05, bad)) == [(0, "ok"), (3.05, "critical")]


def test_an_unknown_value_pauses_the_clock() -> None:
    """Two minutes before the gap and one after it make three."""
    scope, bad, unknown = Scope(), {"outlook_risk": 90}, {"outlook_risk": None}

    assert scope.levels((0, bad), (2, bad), (3, unknown), (9, unknown), (10, bad), (10.9, bad), (11, bad)) == [
        (0, "ok"),
        (11, "critical"),
    ]
    assert scope.levels(*every_minute(12, 40, **unknown)) == [(12, "critical")]
    assert scope.state.reasons[0] == Reason(code="outlook_risk", value=None, limit=85, level="critical")


def test_too_few_judged_contacts_pause_the_clock() -> None:
    scope = Scope()

    assert scope.levels((0, LOST), (2, LOST), (2.5, LOST | {"judged": 0}), (3, LOST), (4, LOST)) == [
        (0, "ok"),
        (4, "critical"),
    ]


def test_while_the_volume_is_suspect_service_and_staffing_stay_where_they_are() -> None:
    scope, bad = Scope(), {"outlook_risk": 70, "short_percent": 12}
    scope.levels(*every_minute(0, 20, **bad))
    suspect = {"suspect": (0, 70), "quality": "suspect"}

    assert scope.levels(*every_minute(20, 60, **suspect)) == [(20, "critical")]
    assert [(reason.code, reason.level) for reason in scope.state.reasons] == [
        ("volume_implausibly_low", "critical"),
        ("outlook_risk", "at_risk"),
        ("shortage", "at_risk"),
    ]
    assert scope.levels(*every_minute(60, 80)) == [(60, "at_risk"), (65, "ok")]

    assert scope.levels(*every_minute(80, 120, **suspect, **LOST, available=0)) == [(80, "critical")]
    assert [reason.code for reason in scope.state.reasons] == ["volume_implausibly_low"]
    assert scope.tick(120).level == "ok"


def test_a_feed_that_falls_silent_does_not_improve_the_figure() -> None:
    scope, stale = Scope(), {"quality": "stale", "age_seconds": 500, "fresh_seconds": 180}
    scope.levels(*every_minute(0, 10, outlook_risk=90))

    assert scope.levels(*every_minute(10, 40, **stale)) == [(10, "critical")]
    assert [reason.code for reason in scope.state.reasons] == ["outlook_risk", "feed_stale"]
    assert scope.levels(*every_minute(40, 50)) == [(40, "critical"), (45, "ok")]


def test_nobody_there_and_the_backlog_are_seen_while_the_feed_is_stale() -> None:
    scope = Scope()

    assert scope.tick(0, quality="stale", available=0).level == "critical"
    assert Scope().tick(0, quality="stale", backlog_compliance=80).level == "at_risk"


def test_closing_clears_the_memory() -> None:
    scope, bad = Scope(), {"outlook_risk": 90}
    scope.levels(*every_minute(0, 10, **bad))

    assert scope.levels((10, {"closed": True}), (11, {"closed": True})) == [(10, "closed")]
    assert scope.state == State(
        level="closed",
        since=START + timedelta(minutes=10),
        reasons=[],
        components=Components(service=None, staffing=None, backlog=None, volume=None),
    )
    assert scope.memory.clocks == {}
    assert scope.levels(*every_minute(12, 18, **bad)) == [(12, "ok"), (15, "critical")]


def test_components_speak_of_themselves_alone() -> None:
    scope = Scope()
    scope.levels(*every_minute(0, 10, **LOST, backlog_compliance=85))

    assert scope.state.components == Components(service="critical", staffing="ok", backlog="at_risk", volume="ok")


def test_a_component_of_which_nothing_is_known_says_nothing() -> None:
    known = judge(StateInputs(backlog_compliance=97, volume_judged=False), LIMITS, None, START)[0]
    nothing = judge(StateInputs(), LIMITS, None, START)[0]

    assert known.level == "ok"
    assert known.components == Components(service=None, staffing=None, backlog="ok", volume=None)
    assert nothing.level == "unknown"
    assert nothing.reasons == [Reason(code="no_data", value=None, limit=None, level="unknown")]


def test_an_instant_that_is_not_newer_is_not_remembered() -> None:
    scope, bad = Scope(), {"outlook_risk": 90}
    scope.levels((0, bad), (3, bad))
    critical, memory = scope.state, scope.memory

    assert scope.tick(3, **bad) == critical
    assert scope.tick(3).level == "critical"
    assert scope.tick(-60).level == "critical"
    assert scope.memory == memory


def test_limits_are_those_of_the_scope() -> None:
    scope = Scope(Limits(outlook_critical=95, service_hold_seconds=60, leave_seconds=0))

    assert scope.levels(*every_minute(0, 4, outlook_risk=94), *every_minute(4, 8, outlook_risk=95), (8, {})) == [
        (0, "ok"),
        (1, "at_risk"),
        (5, "critical"),
        (8, "ok"),
    ]


def test_a_limit_below_the_usual_healthy_side_is_left_below_itself() -> None:
    lost = Scope(Limits(lost_at_risk_points=2))
    lost.levels(*every_minute(0, 30, risk=90, shortfall_points=4))
    assert lost.state.level == "at_risk"

    scope = Scope(Limits(outlook_at_risk=40, outlook_critical=50))

    assert scope.levels(*every_minute(0, 9, outlook_risk=55), *every_minute(9, 20, outlook_risk=45)) == [
        (0, "ok"),
        (3, "critical"),
        (14, "at_risk"),
    ]


# --- above queues ----------------------------------------------------------------------------------------------------
def state_of(**changed: Any) -> State:
    """The state that a scope is in after half an hour of these facts."""
    scope = Scope()
    scope.levels(*every_minute(0, 30, **changed))
    assert scope.state is not None
    return scope.state


BACKLOG, NOBODY = state_of(backlog_compliance=60), state_of(available=0)
OK, CLOSED, STALE = state_of(), state_of(closed=True), state_of(quality="stale")
AT_RISK, CRITICAL = state_of(outlook_risk=70), state_of(outlook_risk=90)
STATES = [OK, CLOSED, STALE, AT_RISK, CRITICAL, BACKLOG, NOBODY]


@pytest.mark.parametrize(
    ("states", "level", "worst"),
    [
        ([OK, OK], "ok", []),
        ([OK, CLOSED], "ok", []),
        ([CLOSED, CLOSED], "closed", []),
        ([OK, STALE, CLOSED], "stale", ["q1"]),
        ([STALE, AT_RISK, OK], "at_risk", ["q1", "q0"]),
        ([OK, AT_RISK, CRITICAL], "critical", ["q2", "q1"]),
        ([CRITICAL] * 7, "critical", ["q0", "q1", "q2", "q3", "q4"]),
        ([], "unknown", []),
    ],
)
def test_a_level_is_as_its_worst_queue_is(states: list[State], level: str, worst: list[str]) -> None:
    named = [(f"q{number}", state) for number, state in enumerate(states)]

    found, memory = above(named, suspect=None, memory=None, at=START)

    assert found.level == memory.level == level
    assert found.worst == worst
    assert found.queues == QueueCounts(**{each: [state.level for state in states].count(each) for each in ORDER})
    assert [reason.level for reason in found.reasons[:1]] == ([] if level in ("ok", "closed") else [level])


def test_a_reason_above_queues_is_that_of_the_worst_queue() -> None:
    queues = [("A", state_of(outlook_risk=91, backlog_compliance=70)), ("B", state_of(outlook_risk=95)), ("C", AT_RISK)]
    queues.append(("D", state_of(backlog_compliance=60)))

    found, _ = above(queues, suspect=None, memory=None, at=START)

    assert [(reason.code, reason.value) for reason in found.reasons] == [
        ("outlook_risk", 95),
        ("backlog_compliance", 60),
    ]
    assert found.components == Components(service="critical", staffing="ok", backlog="critical", volume="ok")


def test_a_level_whose_own_volume_is_suspect_is_critical() -> None:
    found, _ = above([("A", OK), ("B", AT_RISK)], suspect=(1, 80), memory=None, at=START)

    assert found.level == found.components.volume == "critical"
    assert found.reasons[0] == Reason(code="volume_implausibly_low", value=1, limit=80, level="critical")
    assert found.queues == QueueCounts(ok=1, at_risk=1)


def test_an_equal_level_keeps_its_since() -> None:
    _, memory = above([("A", CRITICAL), ("B", OK)], suspect=None, memory=None, at=START)
    same, memory = above([("A", OK), ("B", CRITICAL)], suspect=None, memory=memory, at=START + timedelta(hours=1))
    other, _ = above([("A", OK), ("B", OK)], suspect=None, memory=memory, at=START + timedelta(hours=2))

    assert same.since == START
    assert other.since == START + timedelta(hours=2)


# --- invariants ------------------------------------------------------------------------------------------------------
percent = st.none() | st.integers(0, 100)
facts = st.builds(
    StateInputs,
    outlook_risk=percent,
    risk=percent,
    shortfall_points=st.none() | st.integers(-20, 80),
    judged=st.integers(0, 30),
    short_percent=percent,
    required=st.none() | st.integers(0, 3),
    available=st.none() | st.integers(0, 3),
    backlog_compliance=percent,
    suspect=st.sampled_from([None, None, None, (1.0, 70.0)]),
    quality=st.sampled_from(["ok", "ok", "ok", "partial", "stale", "no_data"]),
    closed=st.sampled_from([False] * 9 + [True]),
    volume_judged=st.booleans(),
)
ticks = st.lists(st.tuples(st.integers(5, 400), facts), max_size=30)


def judged(ticks_seen: Sequence[tuple[int, StateInputs]]) -> list[tuple[datetime, StateInputs, State]]:
    memory, at, found = None, START, []
    for seconds, seen in ticks_seen:
        at += timedelta(seconds=seconds)
        state, memory = judge(seen, LIMITS, memory, at)
        assert judge(seen, LIMITS, memory, at) == (state, memory)  # the same instant again
        found.append((at, seen, state))
    return found


@given(ticks)
def test_the_level_is_the_worst_of_components_and_data(ticks_seen: list[tuple[int, StateInputs]]) -> None:
    for _, seen, state in judged(ticks_seen):
        parts = [level for level in msgspec.structs.asdict(state.components).values() if level is not None]
        data = {"stale": ["stale"], "no_data": ["unknown"]}.get(seen.quality, [])
        expected = min([*parts, *data] or ["unknown"], key=ORDER.index)
        if set(parts) == {"ok"} and not any(
            [state.components.service, state.components.staffing, state.components.backlog]
        ):
            expected = data[0] if data else "unknown"  # a volume alone is no proof that a queue is well
        assert state.level == ("closed" if seen.closed else expected)


@given(ticks)
def test_reasons_explain_the_level_and_come_worst_first(ticks_seen: list[tuple[int, StateInputs]]) -> None:
    for at, _, state in judged(ticks_seen):
        ranks = [ORDER.index(reason.level) for reason in state.reasons]
        assert ranks == sorted(ranks)
        assert len({reason.code for reason in state.reasons}) == len(ranks)
        assert ([ORDER[rank] for rank in ranks[:1]] or [state.level]) == [state.level]
        assert bool(ranks) is (state.level not in ("ok", "closed"))
        assert state.since <= at


@given(ticks)
def test_since_moves_with_the_level_alone(ticks_seen: list[tuple[int, StateInputs]]) -> None:
    before = None
    for at, _, state in judged(ticks_seen):
        same = before is not None and before.level == state.level
        assert state.since == (before.since if same else at)
        before = state


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(5, 60), percent, percent), max_size=120))
def test_no_level_of_service_flaps_faster_than_its_hold_times(seen: list[tuple[int, int | None, int | None]]) -> None:
    """Entered three minutes after the first breach at the earliest, and kept for five minutes or more."""
    ticked = judged([(seconds, StateInputs(outlook_risk=risk, short_percent=short)) for seconds, risk, short in seen])
    for code, level, hold in (("outlook_risk", "critical", 180), ("shortage", "critical", 600)):
        active = [any((reason.code, reason.level) == (code, level) for reason in state.reasons) for *_, state in ticked]
        changed = [START, *(at for n, (at, *_) in enumerate(ticked) if active[n] != (n > 0 and active[n - 1]))]
        for number, (one, other) in enumerate(pairwise(changed)):
            assert (other - one).total_seconds() >= (hold if number % 2 == 0 else 300)


@given(st.lists(st.tuples(st.text(max_size=3), st.sampled_from(STATES)), max_size=9))
def test_queues_are_counted_once_and_the_order_is_of_no_account(queues: list[tuple[str, State]]) -> None:
    found, _ = above(queues, suspect=None, memory=None, at=START)
    turned, _ = above(queues[::-1], suspect=None, memory=None, at=START)

    assert sum(msgspec.structs.asdict(found.queues).values()) == len(queues)
    assert found == turned


# --- health ----------------------------------------------------------------------------------------------------------
@given(st.floats(0, 1), st.floats(-1, 1), st.floats(0, 1), st.sampled_from(ORDER), st.booleans())
def test_health_never_contradicts_the_state(risk: float, gap: float, occupancy: float, level: str, even: bool) -> None:
    found = health_score(risk=risk, gap_share=gap, occupancy=occupancy, level=level, balanced=even)
    free = health_score(risk=risk, gap_share=gap, occupancy=occupancy, level="ok", balanced=even)

    cap = {"critical": 40, "at_risk": 79}.get(level)
    assert found.score == pytest.approx(min(free.score, cap if cap is not None else 100))
    assert found.cap_reason == (level if cap is not None and free.score > cap else None)


@pytest.mark.parametrize(
    ("risk", "gap", "occupancy", "level", "score"),
    [
        (0.2, 0 / 14, 0.7143, "ok", 89.43),
        (0.2, 0 / 14, 0.7143, "at_risk", 79),
        (0.2, 0 / 14, 0.7143, "critical", 40),
        (0.2, 0 / 14, 0.7143, "stale", 89.43),
        (0.694, -2 / 14, 0.8333, "at_risk", 44.82),
        (0.694, -2 / 14, 0.8333, "critical", 40),
        (1.0, -4 / 14, 1.0, "critical", 0),
        (0.05, 2 / 14, 0.625, "ok", 94.21),
        # The level decides, no longer the risk of the interval by itself: 0.5 * 10 + 0.3 * 100 + 0.2 * 100.
        (0.9, 0, 0.8, "ok", 55),
    ],
)
def test_the_published_checks_of_health_with_a_state(
    risk: float, gap: float, occupancy: float, level: str, score: float
) -> None:
    found = health_score(risk=risk, gap_share=gap, occupancy=occupancy, level=level)

    assert found.score == pytest.approx(score, abs=0.005)


def test_a_suspect_volume_has_no_health_score_but_its_parts() -> None:
    found = health_score(risk=0.2, gap_share=0, occupancy=0.8, level="critical", suspect=True)

    assert (found.score, found.sla, found.staffing, found.utilization) == (None, 80, 100, 100)
    assert found.cap_reason == "suspect"


def test_staffing_is_whole_inside_the_dead_band() -> None:
    """One of three is missing, which the band of one head allows; nobody of nobody is balanced, too."""
    assert health_score(risk=None, gap_share=-1 / 3, occupancy=None, level="ok", balanced=True).staffing == 100
    assert health_score(risk=None, gap_share=-1 / 3, occupancy=None, level="ok").staffing == 0
    assert health_score(risk=None, gap_share=None, occupancy=None, level="ok", balanced=True).score == 100
