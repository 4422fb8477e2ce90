"""Random organizations at an instant as plain inputs of the pipeline, and their figures without a database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
from hypothesis import strategies as st

from kpi.formulas import Weights
from kpi.pipeline.figure import Figure, Inside, figure, payload
from kpi.pipeline.inputs import (
    Backlog,
    Day,
    Drop,
    Expected,
    Interval,
    Judging,
    Key,
    Queue,
    QueueFeed,
    QueueInputs,
    Rules,
    SkillGroup,
    Surroundings,
    Thresholds,
)
from kpi.pipeline.organization import Worked, work_out
from kpi.pipeline.part import Part
from kpi.pipeline.state import Memory, State

TEN = datetime(2026, 1, 31, 10, tzinfo=UTC)
MIDNIGHT = TEN.replace(hour=0)
KEYS: Sequence[Key] = (("north", "mail"), ("north", "support"), ("south", "support"), ("south", "chat"), ("", "sales"))
JUDGING = Judging(Weights(), timedelta(minutes=15), Thresholds(), 400.0, 0.08)


class Place(NamedTuple):
    """A scope that no database knows."""

    organization_id: str
    department_id: str
    queue_name: str


@dataclass(frozen=True, slots=True)
class World:
    queues: Sequence[QueueInputs]
    near: Surroundings
    at: datetime

    @property
    def people(self) -> int:
        return sum(group.available for group in self.near.groups)


small = st.integers(0, 12)
counts = st.one_of(st.integers(0, 30), st.integers(0, 400))


@st.composite
def rules(draw: st.DrawFn) -> Rules:
    kind = draw(st.sampled_from(["voice", "voice", "patient", "chat", "deferred"]))
    return Rules(
        deferred=kind == "deferred",
        target_service_level=draw(st.sampled_from([0.8, 0.8, 0.9, 1.0, 0.01])),
        target_seconds=draw(st.sampled_from([20.0, 20.0, 60.0, 0.0])),
        sla_seconds=draw(st.sampled_from([3_600.0, 14_400.0])),
        aht_seconds=draw(st.none() | st.sampled_from([60.0, 300.0])),
        max_occupancy=draw(st.sampled_from([0.88, 1.0])),
        shrinkage=draw(st.sampled_from([0.0, 0.3])),
        abandon_policy=draw(st.sampled_from(["ignore", "negative", "positive"])),
        patience_seconds=draw(st.sampled_from([30.0, 120.0])) if kind == "patient" else None,
        concurrency=draw(st.sampled_from([1.5, 3.0])) if kind == "chat" else 1.0,
        opening_hours="",
        interval_minutes=draw(st.sampled_from([15, 30, 60])),
        cadence_seconds=draw(st.none() | st.sampled_from([30.0, 900.0])),
    )


@st.composite
def measured(draw: st.DrawFn, start: datetime, end: datetime, as_of: datetime) -> Interval:
    """Odd counts are among them: more answered than offered, thousands of seconds in a minute, nobody waiting long."""
    answered, abandoned = draw(counts), draw(small)
    offered = draw(st.sampled_from([answered + abandoned, answered + abandoned, 0]) | counts)
    live = draw(st.none() | st.tuples(small, small, small)) or (None, None, None)
    return Interval(
        *(start, end, as_of, offered, answered),
        answered_in_target=draw(st.integers(0, answered)),
        abandoned=abandoned,
        abandoned_in_target=draw(st.none() | st.integers(0, abandoned)),
        wait_seconds=draw(st.none() | st.floats(0, 1e5)),
        handle_seconds=draw(st.sampled_from([180.0 * answered, 180.0 * answered, 0.0]) | st.floats(0, 1e6)),
        available_seconds=draw(st.floats(0, 1e5)),
        other_productive_seconds=draw(st.none() | st.floats(0, 1e5)),
        paid_seconds=draw(st.none() | st.floats(0, 1e5)),
        agents=draw(small | counts),
        waiting_now=draw(st.none() | st.integers(0, 40)),
        longest_wait_seconds=draw(st.none() | st.floats(0, 2_000)),
        waiting_past_target=draw(st.none() | st.integers(0, 40)),
        agents_available=live[0],
        agents_on_contact=live[1],
        agents_after_contact=live[2],
    )


@st.composite
def feed_of(draw: st.DrawFn, at: datetime) -> list[Interval]:
    """Up to three intervals: the last runs or has ended, is fresh or was measured long ago."""
    length = timedelta(minutes=draw(st.sampled_from([15, 30, 60])))
    running = TEN - timedelta(hours=1) + (at - TEN + timedelta(hours=1)) // length * length
    newest = running - draw(st.sampled_from([0, 0, 0, 1])) * length
    how_many = draw(st.integers(0, 3))
    found = []
    for place in reversed(range(how_many)):
        start = newest - place * length
        age = timedelta(seconds=draw(st.sampled_from([0, 5, 30, 200, 3_000])))
        as_of = max(start, min(at - age, start + length))
        found.append(draw(measured(start, start + length, as_of)))
    return found


@st.composite
def forecast_of(draw: st.DrawFn) -> list[Expected]:
    """Draw a forecast: none, or from eight until noon, with gaps, and planned heads here and there."""
    if not draw(st.integers(0, 4)):
        return []
    length = timedelta(minutes=draw(st.sampled_from([15, 30, 60])))
    calls = draw(st.sampled_from([0.0, 0.3, 12.0, 60.0]) | st.floats(0, 400))
    aht = draw(st.sampled_from([0.0, 180, 900]))
    heads = draw(st.none() | counts), draw(st.none() | counts)
    found, start = [], TEN - timedelta(hours=2)
    while start < TEN + timedelta(hours=2):
        found.append(Expected(start, start + length, calls, aht, *heads))
        start += length * draw(st.sampled_from([1, 1, 1, 1, 2]))
    return found


@st.composite
def day_of(draw: st.DrawFn) -> Day:
    answered, abandoned = draw(counts), draw(small)
    forecast = draw(st.sampled_from([0.0, 1e-9]) | st.floats(0, 1_000))
    early = draw(st.none() | st.integers(0, abandoned))
    return Day(
        *(answered + abandoned, answered, draw(st.integers(0, answered)), abandoned, early),
        compared=float(draw(counts)) if forecast else 0.0,
        forecast=forecast,
    )


@st.composite
def backlog_of(draw: st.DrawFn, at: datetime) -> Backlog | None:
    items = draw(st.integers(-100, 400))
    if items < 0:
        return None
    oldest = draw(st.sampled_from([0.0, 600.0, 20_000.0])) if items else 0.0
    profile = ((0.0, items - items // 3), (1_800.0, items // 3)) if items and draw(st.booleans()) else ()
    return Backlog(
        time=at - timedelta(seconds=draw(st.sampled_from([0, 60, 7_200]))),
        fresh=draw(st.booleans()),
        items=items,
        over_sla=draw(st.none() | st.integers(0, items)),
        oldest_seconds=oldest,
        inflow=draw(st.none() | st.sampled_from([0.0, 0.01, 0.3])),
        cadence_seconds=draw(st.none() | st.just(300.0)),
        compliance=draw(st.none() | st.floats(0, 100)),
        age_profile=profile,
    )


@st.composite
def queue_of(draw: st.DrawFn, key: Key, at: datetime) -> QueueInputs:
    closed = draw(st.integers(0, 5)) == 0
    recent, expected = draw(feed_of(at)), draw(forecast_of())
    settings = draw(rules())
    return QueueInputs(
        queue=Queue(
            scope=Place("org", *key),
            rules=settings,
            feed=QueueFeed(recent[-1].as_of if recent else draw(st.none() | st.just(at - timedelta(hours=5))), 30.0),
            closed_until=at + timedelta(hours=1) if closed else None,
            open_since=None if closed else draw(st.none() | st.just(at - timedelta(hours=2))),
        ),
        zone=ZoneInfo("UTC"),
        recent=recent,
        forecasts=[row for row in expected if row.start <= at],
        day=draw(day_of()),
        rest=[row for row in expected if row.start > at],
        backlog=draw(backlog_of(at)) if settings.deferred or draw(st.booleans()) else None,
    )


@st.composite
def groups_of(draw: st.DrawFn, keys: Sequence[Key]) -> list[SkillGroup]:
    """People of one queue, of several, of departments alone, and of queues that no figure knows."""
    departments = [(code, "") for code in {key[0] for key in keys} if code]
    every = [*keys, *departments, ("north", "unknown")]
    serves = draw(st.lists(st.frozensets(st.sampled_from(every), min_size=1, max_size=3), max_size=5, unique=True))
    return [SkillGroup(each, draw(small), draw(small)) for each in serves]


@st.composite
def worlds(draw: st.DrawFn, of: Sequence[Key] = KEYS) -> World:
    at = TEN + timedelta(seconds=draw(st.sampled_from([0, 20, 400, 1_000, 1_790]) | st.integers(0, 3_599)))
    keys = draw(st.lists(st.sampled_from(of), min_size=1, max_size=5, unique=True))
    levels = [("north", ""), ("south", ""), ("", "")]
    near = Surroundings(
        judging=JUDGING,
        groups=draw(groups_of(keys)) if draw(st.integers(0, 3)) else [],
        counted=draw(st.dictionaries(st.sampled_from(levels), small, max_size=1)),
        drops=draw(st.dictionaries(st.sampled_from([*keys, *levels]), drop_of(at), max_size=1)),
    )
    return World([draw(queue_of(key, at)) for key in keys], near, at)


def drop_of(at: datetime) -> st.SearchStrategy[Drop]:
    return st.builds(
        Drop,
        st.just(at - timedelta(minutes=20)),
        st.just(0.0),
        st.just(30.0),
        st.just(15.0),
        inherited=st.booleans(),
        confirmed=st.booleans(),
    )


# --- figures of a world ----------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of every scope by its key, as they are sent, and all that the next run needs to know."""

    worked: Worked
    found: Mapping[Key, Figure[Place]]
    sent: Mapping[Key, dict[str, Any]]

    @property
    def memories(self) -> dict[Key, Memory]:
        return {key: each.memory for key, each in self.found.items()}


def levels_of(keys: Sequence[Key]) -> list[Key]:
    return [*sorted({(key[0], "") for key in keys if key[0]}), ("", "")]


def figures(
    world: World,
    memories: Mapping[Key, Memory] | None = None,
    others: Mapping[Key, tuple[Part, State]] | None = None,
) -> Figures:
    """Work out the world's queues and all levels above, from `others` too, as a run does."""
    memories, others = memories or {}, others or {}
    levels = levels_of([each.queue.key for each in world.queues])
    parts = {key: part for key, (part, _) in others.items()}
    worked = work_out(world.queues, world.near, world.at, others=parts, levels=levels)
    found: dict[Key, Figure[Place]] = {}
    for key, part in {**worked.queues, **worked.levels}.items():
        states = {name: each.state for name, each in found.items() if name[1]}
        states |= {name: state for name, (_, state) in others.items()}
        inside = [Inside(name[1], state) for name, state in states.items() if key[0] in ("", name[0])]
        found[key] = figure(
            Place("org", *key),
            world.at,
            part,
            world.near.judging,
            limits=world.near.judging.thresholds.limits(()),
            day_ratio=worked.ratio,
            memory=memories.get(key),
            inside=[] if key[1] else inside,
        )
    return Figures(worked, found, {key: _sent(each) for key, each in found.items()})


def _sent(found: Figure[Place]) -> dict[str, Any]:
    told = payload(found, snapshot_id="any", computed_at=found.at, latest=True, baseline=None)
    sent: dict[str, Any] = msgspec.to_builtins(told)
    return sent


def next_minute(world: World, done: Figures, minutes: float = 1) -> World:
    """The same inputs a while later, after the drops that were found have been kept: days are loaded without them."""
    near = replace(world.near, drops=done.worked.drops)
    queues = [done.worked.measured[each.queue.key].inputs for each in world.queues]
    return World(queues, near, world.at + timedelta(minutes=minutes))
