"""Random contact centres in which some queues are in trouble and others have heads to spare."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from kpi.advice.suggestions import Adviser, ComingBreak
from kpi.day.outcomes import Situation
from kpi.day.schedule import planned_heads
from kpi.loading.queue_settings import DEFAULT_RULES
from kpi.pipeline.inputs import (
    Backlog,
    Day,
    Expected,
    Interval,
    Key,
    Queue,
    QueueFeed,
    QueueInputs,
    Rules,
    SkillGroup,
    Surroundings,
    WorkSpan,
)
from kpi.pipeline.organization import work_out
from tests.kpi.random_organizations import JUDGING, KEYS, TEN, Place

HALF_HOUR = timedelta(minutes=30)
END_OF_DAY = TEN.replace(hour=18)


@dataclass(frozen=True, slots=True)
class Centre:
    queues: list[QueueInputs]
    groups: list[SkillGroup]
    spans: list[WorkSpan]
    breaks: list[ComingBreak]
    at: datetime

    def adviser(self) -> Adviser:
        near = Surroundings(judging=JUDGING, groups=self.groups)
        worked = work_out(self.queues, near, self.at)
        rest = {each.queue.key: each.rest for each in self.queues}
        rules = {each.queue.key: each.queue.rules for each in self.queues}
        planned = planned_heads(self.spans, rest, rules)
        return Adviser(Situation(worked, near, planned, self.at), END_OF_DAY, self.breaks)


@st.composite
def rules(draw: st.DrawFn) -> Rules:
    kind = draw(st.sampled_from(["voice", "voice", "patient", "deferred"]))
    return DEFAULT_RULES._replace(
        deferred=kind == "deferred",
        target_service_level=draw(st.sampled_from([0.8, 0.8, 0.9])),
        patience_seconds=120.0 if kind == "patient" else None,
        abandon_policy=draw(st.sampled_from(["ignore", "negative", "positive"])),
        aht_seconds=180.0,
    )


@st.composite
def running(draw: st.DrawFn, calls: float, heads: int, at: datetime) -> Interval:
    """Draw the running half hour: busier or calmer than forecast, some callers waiting too long."""
    elapsed = (at - TEN).total_seconds()
    offered = round(calls * elapsed / 1800 * draw(st.sampled_from([0.8, 1.0, 1.0, 1.3])))
    abandoned = draw(st.integers(0, offered // 10))
    answered = offered - abandoned
    in_target = round(answered * draw(st.sampled_from([0.3, 0.7, 0.9, 1.0])))
    waiting = draw(st.sampled_from([0, 0, 2, 15, 40]))
    return Interval(
        *(TEN, TEN + HALF_HOUR, at, offered, answered, in_target, abandoned),
        *(draw(st.none() | st.integers(0, abandoned)), None, 180.0 * answered, 600.0, None, None, heads),
        *(waiting, 90.0 if waiting else 0.0, draw(st.none() | st.integers(0, waiting)), None, None, None),
    )


@st.composite
def queue(draw: st.DrawFn, key: Key, at: datetime) -> QueueInputs:
    settings, calls = draw(rules()), draw(st.sampled_from([15.0, 40.0, 90.0]))
    plans = draw(st.sampled_from([None, None, 4, 9, 14]))
    forecast = [
        Expected(start, start + HALF_HOUR, calls, 180.0, None, plans)
        for start in (TEN + HALF_HOUR * place for place in range(draw(st.integers(1, 16))))
    ]
    judged = draw(st.integers(0, 300))
    items = draw(st.integers(0, 120))
    backlog = Backlog(at, True, items, 0, draw(st.sampled_from([600.0, 3_000.0])), calls / 1800, 60.0, 95.0)
    return QueueInputs(
        queue=Queue(Place("org", *key), settings, QueueFeed(at, 60.0), None, None),
        zone=ZoneInfo("UTC"),
        recent=[draw(running(calls, 10, at))],
        forecasts=forecast[:1],
        day=Day(judged, judged, round(judged * draw(st.sampled_from([0.6, 0.8, 0.95]))), 0),
        rest=forecast[1:],
        backlog=backlog if settings.deferred else None,
    )


@st.composite
def group(draw: st.DrawFn, serves: frozenset[Key]) -> SkillGroup:
    heads = draw(st.sampled_from([2, 6, 10, 15, 20]) if len(serves) == 1 else st.sampled_from([6, 12]))
    return SkillGroup(serves, heads, max(0, heads - draw(st.integers(0, 3))))


@st.composite
def centres(draw: st.DrawFn) -> Centre:
    at = TEN + timedelta(minutes=draw(st.sampled_from([0, 5, 12, 21, 28])))
    keys = draw(st.lists(st.sampled_from(KEYS), min_size=2, max_size=4, unique=True))
    pairs = st.frozensets(st.sampled_from(keys), min_size=2, max_size=3)
    serving = [*(frozenset([key]) for key in keys), *draw(st.lists(pairs, min_size=1, max_size=2, unique=True))]
    groups = [draw(group(serves)) for serves in serving]
    until = at + timedelta(hours=draw(st.integers(1, 8)))
    spans = [WorkSpan(each.serves, at - HALF_HOUR, until, True) for each in groups for _ in range(each.available)]
    starts = draw(st.lists(st.sampled_from([0, 0, 5, 20, 90]), max_size=8))
    breaks = [
        ComingBreak(draw(st.sampled_from(serving)), at + timedelta(minutes=start), at + timedelta(minutes=start + 30))
        for start in starts
    ]
    return Centre([draw(queue(key, at)) for key in keys], groups, spans, breaks, at)
