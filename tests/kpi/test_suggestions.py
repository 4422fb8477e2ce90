"""Suggestions of random contact centres: none breaks a target, effects are true, and there is none where none helps."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from kpi import formulas
from kpi.advice import conditions
from kpi.advice.suggestions import CAUGHT_UP_WITHIN, KINDS, Adviser, Suggestion
from kpi.day.day_end import HeadSpan
from kpi.day.outcomes import Outcome
from kpi.day.what_if import Change, what_if
from kpi.pipeline.heads import at_work
from kpi.pipeline.inputs import Key
from tests.kpi.advice_worlds import Centre, centres

many = settings(
    max_examples=130,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
NEAR = 1e-6
JUDGED = conditions.Thresholds()


def suggested(adviser: Adviser) -> list[Suggestion]:
    return adviser.suggestions(list(adviser.situation.worked.queues))


# --- an independent reckoning ----------------------------------------------------------------------------------------
def heads_brought(found: Suggestion, key: Key, centre: Centre, start: float, end: float) -> int:
    """Heads more or fewer of a queue between two seconds after now, rounded down; counted a minute at a time."""
    total = 0.0
    until = (found.until - centre.at).total_seconds()
    begin = (found.starts_at - centre.at).total_seconds()
    held = [each for each in centre.breaks if key in each.serves and centre.at <= each.start < found.until]
    spans = [((each.start - centre.at).total_seconds(), (each.end - centre.at).total_seconds()) for each in held]
    sign = -1 if found.kind == "time_off" or key == found.source else 1
    for minute in range(int(start // 60), int(end // 60)):
        second = minute * 60.0
        if found.kind != "hold_breaks":
            total += sign * found.agents * (begin <= second < until)
            continue
        total += sum(a <= second < min(b, until) for a, b in spans)
        owed = sum(min(b, until) - a for a, b in spans) / CAUGHT_UP_WITHIN.total_seconds()
        total -= owed * (until <= second < until + CAUGHT_UP_WITHIN.total_seconds())
    return int((total / ((end - start) / 60) + NEAR) // 1)


def reckoned(found: Suggestion, key: Key, centre: Centre, adviser: Adviser) -> Outcome:
    """The outcome for a queue by the formulas alone, from the inputs."""
    worked = adviser.situation.worked
    inputs = next(each for each in centre.queues if each.queue.key == key)
    rules, row, measured, demand = inputs.queue.rules, inputs.recent[-1], worked.measured[key], worked.demands[key]
    before, _ = found.outcomes[key]
    assert before.agents is not None
    elapsed = (centre.at - row.start).total_seconds()
    reach = 3600.0 if rules.deferred else 1800.0 - elapsed
    agents = max(0, before.agents + heads_brought(found, key, centre, 0.0, reach))
    if rules.deferred:
        case = what_if(adviser.situation, key, Change(agents=agents)).scenario
        level = None if case.service_level is None else case.service_level / 100
        return Outcome(agents, demand.required, level, None, None, None)
    assert demand.forecast is not None
    assert demand.aht_seconds is not None
    early = row.abandoned_in_target or 0
    met = row.answered_in_target + (early if rules.abandon_policy == "positive" else 0)
    decided = row.answered + row.abandoned - (early if rules.abandon_policy == "ignore" else 0)
    past, waiting = measured.waiting_past_target, max(row.waiting_now or 0, measured.waiting_past_target)
    risk = formulas.sla_risk(
        interval_seconds=1800.0,
        elapsed_seconds=elapsed,
        forecast_calls=demand.forecast,
        offered=row.offered,
        judged=decided,
        in_target=met,
        waiting=waiting,
        waiting_past_target=past,
        aht_seconds=demand.aht_seconds,
        agents=agents,
        target_service_level=rules.target_service_level,
        target_seconds=rules.target_seconds,
        patience_seconds=rules.patience_seconds,
        abandon_policy=rules.abandon_policy,
        forecast_cv=adviser.situation.near.judging.forecast_cv,
    )
    level = risk.projected_service_level
    rest = (demand.calls or 0.0) * (1 - elapsed / 1800) + waiting - past if risk.required_rest is not None else 0.0
    met_of_rest = 0.0 if level is None else min(rest, max(0.0, level * (decided + past + rest) - met))
    day_met = day_counted = 0.0
    if inputs.day.answered + past:
        day_met, day_counted = float(inputs.day.answered_in_target), float(inputs.day.answered + past)
    day_met, day_counted = day_met + met_of_rest, day_counted + rest
    for each in inputs.rest:
        start, end = ((time - centre.at).total_seconds() for time in (each.start, each.end))
        here = [span for span in centre.spans if key in span.serves]
        planned = before.agents
        if each.scheduled_agents is not None:
            planned = at_work(each.scheduled_agents, rules)
        elif here:
            planned = adviser.situation.planned[key][each.start]
        heads = max(0, planned + heads_brought(found, key, centre, start, end))
        mean = formulas.interval_level(
            calls=each.offered * worked.ratio,
            interval_seconds=1800.0,
            aht_seconds=each.aht_seconds,
            agents=heads,
            target_seconds=rules.target_seconds,
            patience_seconds=rules.patience_seconds,
        ).mean
        day_met, day_counted = day_met + each.offered * worked.ratio * mean, day_counted + each.offered * worked.ratio
    day = day_met / day_counted if day_counted and level is not None else None
    return Outcome(agents, demand.required, level, day, risk.risk, risk.outlook_risk)


# --- properties ------------------------------------------------------------------------------------------------------
def check_targets(found: Suggestion, centre: Centre, adviser: Adviser) -> None:
    """None breaks a target that was met: neither by its own account nor by the reckoning."""
    for key, (before, told) in found.outcomes.items():
        target, after = adviser.situation.rules(key).target_service_level, reckoned(found, key, centre, adviser)
        for was, is_now, said in (
            (before.interval_level, after.interval_level, told.interval_level),
            (before.day_level, after.day_level, told.day_level),
        ):
            if was is not None and was >= target:
                assert is_now is not None
                assert said is not None
                assert min(said, is_now) >= target - 1e-4, (found, key)


def check_effects(found: Suggestion, centre: Centre, adviser: Adviser) -> None:
    for key, (_, after) in found.outcomes.items():
        expected = reckoned(found, key, centre, adviser)
        assert after.agents == expected.agents
        assert after.interval_level == pytest.approx(expected.interval_level, abs=1e-4)
        assert after.day_level == (expected.day_level and pytest.approx(expected.day_level, abs=1e-4))
        assert after.outlook_risk == (expected.outlook_risk and pytest.approx(expected.outlook_risk, abs=1e-6))


def check_skills(found: Suggestion, centre: Centre) -> None:
    """Only people who serve both queues move."""
    if found.source is not None:
        both = [each for each in centre.groups if {found.key, found.source} <= each.serves]
        assert 0 < found.agents <= sum(each.available for each in both)


def check_nothing_was_missed(suggestions: Sequence[Suggestion], adviser: Adviser) -> None:
    """Try each number of people of each queue that could give them: where no move was suggested, none helps."""
    moves = {(found.key, found.source) for found in suggestions if found.kind == "move"}
    for key in adviser.situation.worked.queues:
        before, rules = adviser.outcome(key), adviser.situation.rules(key)
        if before.interval_level is None or not conditions.in_trouble(before, rules, JUDGED):
            assert key not in {target for target, _ in moves}
            continue
        for source, change in possible_moves(key, adviser):
            if (key, source) not in moves:
                after = adviser.outcome(key, change)
                assert not conditions.helps(before, after) or conditions.harms(before, after)


def possible_moves(key: Key, adviser: Adviser) -> Iterator[tuple[Key, tuple[HeadSpan, ...]]]:
    at, until = adviser.situation.at, adviser.situation.interval_end(key) + timedelta(minutes=30)
    for (source, target), heads in adviser.situation.movable.items():
        rules, before = adviser.situation.rules(source), adviser.outcome(source)
        for agents in range(1, heads + 1 if target == key else 0):
            left = adviser.outcome(source, (HeadSpan(at, until, -agents),))
            met = conditions.can_give(before, rules, JUDGED) and conditions.can_give(left, rules, JUDGED)
            if met and not conditions.breaks_target(before, left, rules):
                yield source, (HeadSpan(at, until, agents),)


def test_suggestions_of_random_contact_centres_are_true_and_break_no_target() -> None:
    """Every kind of suggestion must come up: a property of none says nothing."""
    seen: Counter[str] = Counter()

    @many
    @given(centres())
    def check(centre: Centre) -> None:
        adviser = centre.adviser()
        suggestions = suggested(adviser)
        for found in suggestions:
            check_targets(found, centre, adviser)
            check_effects(found, centre, adviser)
            check_skills(found, centre)
        check_nothing_was_missed(suggestions, adviser)
        seen.update(found.kind for found in suggestions)

    check()
    assert min(seen[kind] for kind in KINDS) >= 5, seen
