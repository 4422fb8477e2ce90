"""The first suggestion for the simulated incident, applied in the simulator, against doing nothing."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from intraday.api_client.rows import Row
from intraday.simulator.profiles import FIRST, GROUPS, PROFILES, Incident, Profile, SkillGroup
from intraday.simulator.scenario import ZONE, Posts, Scenario
from kpi.advice.suggestions import Adviser, Suggestion
from kpi.day.outcomes import Situation
from kpi.loading.queue_settings import DEFAULT_RULES
from kpi.pipeline import inputs
from kpi.pipeline.inputs import Backlog, Expected, Interval, Key, Queue, QueueFeed, QueueInputs, Surroundings
from kpi.pipeline.organization import work_out
from tests.kpi.random_organizations import JUDGING, Place

START = datetime(2026, 1, 7, 14, 17, 11, tzinfo=UTC)
SEEN = FIRST + 150
"""Seconds after the start: callers have come in crowds for two minutes."""
BRIDGE = SkillGroup("bridge", "dept_456", queues=("support", "email"), heads=24, home="email")
"""People of e-mail who may answer calls."""
RUSH = Incident("support", rush=4.0)
SUPPORT: Key = ("dept_456", "support")
STEP = timedelta(seconds=30)


def scenario(seed: int) -> tuple[Scenario, Posts, datetime]:
    """The contact centre in the middle of the incident, what its systems posted so far, and the time."""
    made = Scenario(seed, START, groups=(*GROUPS, BRIDGE), incidents=(RUSH,))
    at = START + timedelta(seconds=SEEN)
    return made, made.at(at), at


# --- the posted rows as inputs of the figures ------------------------------------------------------------------------
def situation(made: Scenario, posts: Posts, at: datetime) -> Situation:
    queues = [queue(profile, posts, at) for profile in PROFILES]
    groups = [
        inputs.SkillGroup(
            frozenset(("dept_456" if name in DEPARTMENT_456 else "dept_789", name) for name in names), *there
        )
        for names, there in heads(made)
    ]
    near = Surroundings(judging=JUDGING, groups=groups)
    return Situation(work_out(queues, near, at), near, {}, at)


DEPARTMENT_456 = {profile.queue for profile in PROFILES if profile.department == "dept_456"}


def heads(made: Scenario) -> Iterator[tuple[tuple[str, ...], tuple[int, int]]]:
    """People at work by the queues that they can serve, each counted once, as their shifts and check-ins say."""
    bridging = sum(
        record.status in ("present", "late")
        for record in made._latest.values()
        if BRIDGE.queues == record.person.queues
    )
    yield BRIDGE.queues, (bridging, bridging)
    for names, staff in made.staff.items():
        if names != BRIDGE.queues:
            count = staff.at_work - (bridging if names == (BRIDGE.home,) else 0)
            yield names, (count, count)


def queue(profile: Profile, posts: Posts, at: datetime) -> QueueInputs:
    rules = DEFAULT_RULES._replace(
        deferred=profile.deferred,
        target_seconds=20.0 if profile.deferred else profile.target,
        sla_seconds=profile.target if profile.deferred else 14_400.0,
        patience_seconds=profile.patience,
        aht_seconds=profile.aht,
    )
    rows = [interval(row) for row in posts["kpi"] if row["queue_name"] == profile.queue]
    plan = [expected(row) for row in posts["forecast"] if row["queue_name"] == profile.queue]
    end_of_day = at.astimezone(ZONE).replace(hour=0, minute=0) + timedelta(days=1)
    return QueueInputs(
        queue=Queue(Place("org_123", profile.department, profile.queue), rules, QueueFeed(at, 5.0), None, None),
        zone=ZONE,
        recent=[row for row in rows if row.end > at - timedelta(hours=2)],
        forecasts=[each for each in plan if at - timedelta(hours=2) < each.start <= at],
        rest=[each for each in plan if at < each.start < end_of_day],
        backlog=backlog(next(row for row in posts["backlog"] if row["queue_name"] == profile.queue), at, profile),
    )


def interval(row: Row) -> Interval:
    named = {"start": _time(row["interval_start"]), "as_of": _time(row["as_of"])}
    named["end"] = named["start"] + timedelta(minutes=row["interval_minutes"])
    return Interval(**{name: named.get(name, row.get(name)) for name in Interval._fields})


def expected(row: Row) -> Expected:
    start = _time(row["interval_start"])
    return Expected(start, start + timedelta(minutes=30), row["offered"], row["aht_seconds"], None, None)


def backlog(row: Row, at: datetime, profile: Profile) -> Backlog | None:
    if not profile.deferred:
        return None
    items, over = row["total_items"], row["items_over_sla"]
    inflow = profile.peak / 1800
    return Backlog(
        at, True, items, over, 60 * row["oldest_item_age_minutes"], inflow, 5.0, 100.0 * (items - over) / max(items, 1)
    )


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


# --- measured --------------------------------------------------------------------------------------------------------
def first_suggestion(seed: int) -> Suggestion:
    made, posts, at = scenario(seed)
    adviser = Adviser(situation(made, posts, at), at + timedelta(hours=8))
    return adviser.suggestions([SUPPORT])[0]


def minutes_until_back(seed: int, applied: Suggestion | None) -> float:
    """Minutes until no caller waits longer than the target any more, for five minutes in a row."""
    made, _, at = scenario(seed)
    if applied is not None:
        assert applied.source is not None
        made.move(applied.agents, applied.source[1], applied.key[1])
    line, calm, now = made.lines["support"], 0, at
    while calm < 10:
        now += STEP
        made.at(now)
        late = [came for came in line.waiting.values() if now.timestamp() - came > line.profile.target]
        calm = 0 if late else calm + 1
        assert now - at < timedelta(hours=2), "the level never comes back"
    return (now - at - 9 * STEP) / timedelta(minutes=1)


def test_the_first_suggestion_brings_the_level_back_sooner_than_doing_nothing() -> None:
    """On average: agents who are elsewhere draw other calls, so that two runs of one seed are two different days."""
    with_it, without = [], []
    for seed in range(8):
        found = first_suggestion(seed)
        before, after = found.outcomes[SUPPORT]
        assert found.kind == "move"
        assert after.interval_level > before.interval_level
        with_it.append(minutes_until_back(seed, found))
        without.append(minutes_until_back(seed, None))
    assert sum(with_it) < 0.9 * sum(without), (with_it, without)
