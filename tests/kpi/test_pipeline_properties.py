"""Figures of random organizations never contradict each other: heads, state, health, risk, sums, percentages."""

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from kpi import formulas
from kpi.formulas import chain
from kpi.loading.queue_settings import DEFAULT_RULES
from kpi.pipeline import organization
from kpi.pipeline.inputs import (
    Day,
    Drop,
    Expected,
    Interval,
    Key,
    Queue,
    QueueFeed,
    QueueInputs,
    SkillGroup,
    Surroundings,
)
from tests.kpi.consistency import check_figure, check_level, check_nobody_there, differences
from tests.kpi.random_organizations import JUDGING, TEN, Figures, Place, World, figures, next_minute, worlds

many = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],  # shrinking so much takes minutes
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def inside(world: World, level: Key) -> list[tuple[Key, bool]]:
    queues = [(each.queue.key, each.queue.rules.deferred) for each in world.queues]
    return [(key, deferred) for key, deferred in queues if level[0] in ("", key[0])]


def people_of(world: World, level: Key) -> int | None:
    groups = [group for group in world.near.groups if not level[0] or level[0] in {code for code, _ in group.serves}]
    return sum(group.available for group in groups) if groups else None


def check(world: World, done: Figures) -> None:
    assert done.worked.demands.keys() == done.worked.queues.keys(), "a queue was not worked out"
    for key, sent in done.sent.items():
        check_figure(sent)
        if key[1]:
            check_nobody_there(sent)
        else:
            queues = [(done.sent[queue], deferred) for queue, deferred in inside(world, key)]
            check_level(sent, queues, people_of(world, key))


@many
@given(worlds())
def test_figures_do_not_contradict_each_other(world: World) -> None:
    """At first, and later with a state to remember."""
    done = figures(world)
    check(world, done)
    later = next_minute(world, done)
    again = figures(later, done.memories)
    check(later, again)
    much_later = next_minute(later, again, 11)
    check(much_later, figures(much_later, again.memories))


@many
@given(worlds())
def test_an_instant_worked_out_twice_has_the_same_figures(world: World) -> None:
    done = figures(world)
    kept = next_minute(world, done, 0)
    assert not list(differences(figures(kept, done.memories).sent, done.sent))


@many
@given(worlds())
def test_a_run_of_one_queue_gives_the_figures_of_a_run_of_all(world: World) -> None:
    done = figures(world)
    for chosen in world.queues:
        others = {
            key: (part, done.found[key].state) for key, part in done.worked.queues.items() if key != chosen.queue.key
        }
        kept = next_minute(world, done, 0)
        kept = replace(kept, queues=[each for each in kept.queues if each.queue.key == chosen.queue.key])
        few = figures(kept, done.memories, others)
        assert not list(differences({key: done.sent[key] for key in few.sent}, few.sent))


@many
@given(worlds())
def test_figures_do_not_depend_on_the_queues_that_are_worked_out_together(world: World) -> None:
    done = figures(world)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(organization, "TOGETHER", 3)
        patch.setattr(formulas, "REMEMBERED", 2)
        patch.setattr(chain, "_answers", {})
        assert not list(differences(figures(world).sent, done.sent))


def test_the_figure_that_finds_a_drop_leaves_it_out_of_the_day() -> None:
    """100 of 100 until half past nine, then nothing of 100: the ended half hour counts in no sum from the first."""
    start = TEN - timedelta(minutes=30)
    rows = [quiet(start - timedelta(minutes=30), offered=100), quiet(start, offered=0)]
    plan = [Expected(row.start, row.end, 100.0, 180.0, None, None) for row in rows]
    day = Day(100, 100, 90, 0, None, compared=100.0, forecast=200.0)
    queue = replace(queue_at(TEN), recent=rows, forecasts=plan, day=day)
    world = World([queue], Surroundings(judging=JUDGING), TEN)

    done = figures(world)
    service = done.sent["north", "support"]["service"]

    assert done.sent["north", "support"]["quality"] == "suspect"
    assert (service["day_offered"], service["day_forecast"], service["reforecast_ratio"]) == (100.0, 100.0, 1.0)


def test_people_of_a_closed_queue_and_an_open_one_are_all_at_the_open_one() -> None:
    """Six people serve both; by need alone, of 30 and 10, the closed queue would take half of them or more."""
    plan = [Expected(TEN, TEN + timedelta(minutes=30), 100.0, 180.0, heads, None) for heads in (30, 10)]
    closed = replace(queue_at(TEN, closed=True), forecasts=plan[:1])
    other = replace(queue_at(TEN, name="chat"), forecasts=plan[1:])
    group = SkillGroup(frozenset({closed.queue.key, other.queue.key}), 6, 6)

    done = figures(World([closed, other], Surroundings(judging=JUDGING, groups=[group]), TEN))

    assert done.sent["north", "chat"]["headcount_gap"]["available"] == 6
    assert done.sent["north", ""]["headcount_gap"]["available"] == 6


def test_a_silent_feed_does_not_end_a_drop() -> None:
    drop = Drop(TEN - timedelta(minutes=40), 0.0, 30.0, 15.0)
    silent = replace(queue_at(TEN), recent=[quiet(TEN - timedelta(minutes=30), offered=0, minutes=20)])
    near = Surroundings(judging=JUDGING, drops={silent.queue.key: drop})

    done = figures(World([silent], near, TEN))

    assert done.sent["north", "support"]["quality"] == "stale"
    assert done.worked.drops[silent.queue.key] == drop
    assert done.sent["north", "support"]["state"]["level"] == "critical"


def test_a_level_is_open_while_a_queue_without_data_is() -> None:
    done = figures(World([queue_at(TEN, closed=True), queue_at(TEN, name="chat")], Surroundings(judging=JUDGING), TEN))

    assert done.sent["north", ""]["state"]["level"] == "unknown"
    assert "closed_until" not in done.sent["north", ""]


def queue_at(at: datetime, *, name: str = "support", closed: bool = False) -> QueueInputs:
    """A queue of which nothing is known."""
    until = at + timedelta(hours=1) if closed else None
    queue = Queue(Place("org", "north", name), DEFAULT_RULES, QueueFeed(None, 30.0), until, None)
    return QueueInputs(queue, ZoneInfo("UTC"), [], [])


def quiet(start: datetime, *, offered: int, minutes: int = 30) -> Interval:
    """Half an hour in which everybody was answered in time, measured for so many minutes."""
    counts = (offered, offered, offered, 0, None, 0.0, 180.0 * offered, 0.0, None, None, 14)
    measured = start + timedelta(minutes=minutes)
    return Interval(start, start + timedelta(minutes=30), measured, *counts, *[None] * 6)
