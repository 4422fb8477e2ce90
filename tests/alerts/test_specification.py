"""Random days against a small model of the specification; random people and workers at once against its invariants."""

import random
from collections import defaultdict
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from threading import Lock
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alerts.models import Alert, AlertAudit
from alerts.services import Conflict
from intraday.org.models import Organization
from intraday.org.services import add_queues, create_organization
from tests.alerts.world import World, at, occupancy
from tests.calls import at_once
from tests.heard import Hear

HOLD, RECOVER, COOLDOWN, ACK_TIMEOUT, ESCALATE, SNOOZE = 60, 60, 120, 180, 90, 100
REFRESH = 60
RULE: dict[str, Any] = {
    "for_seconds": HOLD,
    "recover_for_seconds": RECOVER,
    "cooldown_seconds": COOLDOWN,
    "ack_timeout_seconds": ACK_TIMEOUT,
    "escalation": [{"after_seconds": ESCALATE, "to": "supervisor"}],
}


@dataclass
class Spec:
    """The specification in a few lines. It counts what has held where the program compares instants."""

    phase: str = "ok"
    held: float = 0
    last: float | None = None
    gap: bool = False
    status: str | None = None  # of the open record
    by: str = ""
    acknowledged: float = 0
    waiting: float = 0
    snoozed: float | None = None
    level: int = 0
    ended: float | None = None
    shown: float = 0
    moved: bool = False
    published: float = 0
    said: list[str] = field(default_factory=list)
    records: int = 0

    def judge(self, value: float | None, now: float) -> None:
        if value is None:
            self.gap = True
            return
        if self.last is not None and now <= self.last:
            return
        step = 0 if self.gap or self.last is None else now - self.last
        self.gap, self.last = False, now
        was_open = self.status is not None
        if self.phase in ("ok", "breaching"):
            self._rising(value, step, now)
        else:
            self._falling(value, step, now)
        self.moved = self.moved or (was_open and value != self.shown)
        self.shown = value

    def say(self, event: str, now: float) -> None:
        self.said.append(event)
        self.moved, self.published = False, now

    def _rising(self, value: float, step: float, now: float) -> None:
        if value <= 90:
            self.phase = "ok"
            return
        self.held = self.held + step if self.phase == "breaching" else 0
        self.phase = "breaching"
        if self.held >= HOLD:
            self._fire(now)

    def _falling(self, value: float, step: float, now: float) -> None:
        if value <= 80:
            self.held = self.held + step if self.phase == "recovering" else 0
            self.phase = "recovering"
            if self.held >= RECOVER:
                self.phase = "ok"
                self._end(now)
            return
        self.phase = "firing"
        if self.status is None and value > 90:
            self.held = HOLD
            self._fire(now)

    def _fire(self, now: float) -> None:
        cooling = self.ended is not None and now - self.ended < COOLDOWN
        if self.status is None and cooling:
            self.phase = "breaching"
            return
        self.phase = "firing"
        if self.status is None:
            self.status, self.waiting, self.level, self.snoozed = "pending", now, 0, None
            self.records += 1
            self.say("triggered", now)

    def _end(self, now: float) -> None:
        if self.status is not None:
            self.status, self.ended = None, now
            self.say("resolved", now)

    def acknowledge(self, by: str, now: float) -> None:
        if self.status == "pending":
            self.status, self.by, self.acknowledged = "acknowledged", by, now
            self.say("acknowledged", now)

    def resolve(self, now: float) -> None:
        self._end(now)

    def snooze(self, now: float) -> None:
        if self.status is not None:
            self.snoozed = now + SNOOZE
            self.say("updated", now)

    def attend(self, now: float) -> None:
        before = len(self.said)
        self._attend(now)
        is_due = self.moved and now - self.published >= REFRESH
        if self.status is not None and len(self.said) == before and is_due:
            self.say("updated", now)

    def _attend(self, now: float) -> None:
        if self.status is None or (self.snoozed is not None and now < self.snoozed):
            return
        if self.snoozed is not None:
            self.snoozed = None
            self.waiting = now if self.status == "pending" else self.waiting
            self.say("triggered" if self.status == "pending" else "updated", now)
        elif self.status == "acknowledged":
            if now - self.acknowledged >= ACK_TIMEOUT and self.phase == "firing":
                self.status, self.waiting = "pending", now
                self.say("triggered", now)
        elif self.level == 0 and now - self.waiting >= ESCALATE:
            self.level = 1
            self.say("escalated", now)


figures = st.tuples(st.just("judge"), st.sampled_from([50, 80, 85, 91, 95, 95, None, None]))
others = st.one_of(
    st.tuples(st.just("again"), st.none()),
    st.tuples(st.sampled_from(["acknowledge", "resolve", "snooze"]), st.sampled_from(["dana", "omar"])),
    st.tuples(st.just("attend"), st.none()),
)
acts = st.one_of(figures, figures, others)
days = st.lists(st.tuples(acts, st.sampled_from([0, 10, 30, 60, 130])), min_size=15, max_size=40)
few = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@few
@given(day=days)
def test_a_random_day_goes_as_the_specification_says(organization: Organization, heard: Hear, day: list[Any]):
    """Nothing is kept in the process between two acts, so each of them begins as after a restart."""
    with transaction.atomic():
        world, spec, seconds = World(organization), Spec(), 0
        world.rule(**RULE)
        with heard("alerts:org:org_123") as events:
            for (act, what), pause in day:
                seconds += pause
                world.now = at(seconds)
                live(world, spec, act, what, seconds)
                open_records = [alert.status for alert in world.alerts if alert.status != "resolved"]
                assert open_records == ([spec.status] if spec.status else [])
        assert [event["event"].removeprefix("alert:") for event in events] == spec.said
        assert len(world.alerts) == spec.records
        transaction.set_rollback(True)


def live(world: World, spec: Spec, act: str, what: Any, seconds: float) -> None:
    if act == "judge":
        world.judge(what)
        spec.judge(what, seconds)
    elif act == "again":
        world.again()
        if world.kpi.current:
            spec.judge(shown(world), (world.kpi.current[world.scope().pk][1] - at(0)).total_seconds())
    elif act == "attend":
        world.run_timers()
        spec.attend(seconds)
    elif world.alerts:
        try_to(world, act, what)
        spec_act = partial(spec.acknowledge, what) if act == "acknowledge" else getattr(spec, act)
        spec_act(seconds)


def shown(world: World) -> float | None:
    value: float | None = world.kpi.current[world.scope().pk][2]["utilization"]["occupancy"]
    return value


def try_to(world: World, act: str, by: str) -> None:
    """A refused act changes nothing."""
    try:
        if act == "snooze":
            world.snooze(world.alert, SNOOZE, by)
        else:
            getattr(world, act)(world.alert, by)
    except Conflict:
        pass


# --- at once, on PostgreSQL ------------------------------------------------------------------------------------------
SILENT = {"suppressed_cooldown", "rule changed"}
numbers = count()


class Clock:
    """Everybody's time: each look at it is later than the one before."""

    def __init__(self) -> None:
        self._lock, self._seconds = Lock(), 0.0

    def tick(self) -> float:
        with self._lock:
            self._seconds += 20
            return self._seconds


def work(organization: Organization, clock: Clock, seed: int, acts: list[str]) -> None:
    """A worker or a person, with a world of her own."""
    rng, world = random.Random(seed), World(organization)
    for act in acts:
        world.now = at(clock.tick())
        if act == "judge":
            for queue in ("support", "billing"):
                world.kpi.show(world.scope(queue), world.now, occupancy(rng.choice([50, 95, 95])))
            world.again()
        elif act == "attend":
            world.run_timers()
        elif alerts := list(Alert.objects.filter(organization=organization)):
            try_to_one(world, act, rng.choice(alerts), rng.choice(["dana", "omar"]))


def try_to_one(world: World, act: str, alert: Alert, by: str) -> None:
    try:
        if act == "snooze":
            world.snooze(alert, SNOOZE, by)
        else:
            getattr(world, act)(alert, by)
    except Conflict:
        pass


plans = st.lists(
    st.lists(
        st.sampled_from(["judge", "judge", "judge", "attend", "acknowledge", "resolve", "snooze"]),
        min_size=6,
        max_size=10,
    ),
    min_size=4,
    max_size=4,
)


@settings(few, max_examples=6)
@given(plan=plans, seed=st.integers(0, 1_000))
@pytest.mark.usefixtures("transactional_db")
def test_workers_and_people_at_once_leave_a_true_record(heard: Hear, plan: list[list[str]], seed: int):
    organization = create_organization(id=f"org_{next(numbers)}", name="At once")
    add_queues(organization, [("dept_456", "support"), ("dept_456", "billing")])
    World(organization).rule(**{**RULE, "for_seconds": 0, "recover_for_seconds": 0, "cooldown_seconds": 0})
    clock = Clock()
    with heard(f"alerts:org:{organization.pk}") as events:
        at_once(*(partial(work, organization, clock, seed + number, acts) for number, acts in enumerate(plan)))
    notified = defaultdict(list)
    for event in events:
        notified[event["data"]["alert_id"]].append((event["data"]["status"], event["data"]["version"]))
    alerts = Alert.objects.filter(organization=organization)
    open_keys = [alert.dedup_key for alert in alerts if alert.status != "resolved"]
    assert len(open_keys) == len(set(open_keys))
    for alert in alerts:
        lines = [line for line in AlertAudit.objects.filter(alert=alert).order_by("id") if line.reason not in SILENT]
        assert_never_backwards(lines)
        expected = [(line.to_status, version) for version, line in enumerate(lines, 1)]
        assert notified[str(alert.pk)] == expected
        assert (alert.status, alert.version) == expected[-1]


RANK = {"": 0, "pending": 1, "acknowledged": 2, "resolved": 3}


def assert_never_backwards(lines: list[AlertAudit]) -> None:
    before = ""
    for line in lines:
        assert line.from_status == before
        back = RANK[line.to_status] < RANK[line.from_status]
        assert not back or line.reason == "acknowledgement ran out"
        before = line.to_status
    assert [line.to_status for line in lines].count("resolved") <= 1
