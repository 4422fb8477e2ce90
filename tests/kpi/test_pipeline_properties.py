"""Figures of random organizations never contradict each other: heads, state, health, risk, sums, percentages."""

from dataclasses import replace

from hypothesis import HealthCheck, given, settings

from kpi.pipeline.inputs import Key
from tests.kpi.consistency import check_figure, check_level, check_nobody_there, differences
from tests.kpi.random_organizations import Figures, World, figures, next_minute, worlds

many = settings(
    max_examples=300,
    deadline=None,
    derandomize=True,
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
        kept = replace(next_minute(world, done, 0), queues=[chosen])
        few = figures(kept, done.memories, others)
        assert not list(differences({key: done.sent[key] for key in few.sent}, few.sent))
