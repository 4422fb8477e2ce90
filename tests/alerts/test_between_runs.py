"""States of rules and open alerts that a process keeps between its runs are those of the database."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

import pytest
from django.db import transaction

from alerts.evaluation import open_alerts, rule_states
from alerts.models import Alert, RuleState
from intraday.org.services import add_queues
from intraday.values.remembered import Remembered
from tests.alerts.world import World, at, occupancy
from tests.rows_counted import rows_counted

pytestmark = pytest.mark.usefixtures("transactional_db")
QUEUES = 30
Process = Callable[[], Any]


@pytest.fixture(autouse=True)
def process(monkeypatch: pytest.MonkeyPatch) -> Process:
    """Return what starts a process of its own: one that remembers nothing yet."""

    def start() -> None:
        monkeypatch.setattr(open_alerts, "_memory", Remembered(1_000))
        monkeypatch.setattr(rule_states, "_memory", Remembered(1_000))

    start()
    return start


@pytest.fixture
def another_process(process: Process, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Any]:
    """Do something in another process: ours remembers then what it did before."""

    @contextmanager
    def elsewhere() -> Iterator[None]:
        ours = open_alerts._memory, rule_states._memory
        process()
        yield
        monkeypatch.setattr(open_alerts, "_memory", ours[0])
        monkeypatch.setattr(rule_states, "_memory", ours[1])

    return elsewhere


def show(world: World, seconds: float, values: list[float]) -> None:
    world.now = at(seconds)
    for number, value in enumerate(values):
        world.kpi.show(world.scope(f"q{number}"), world.now, occupancy(value))


@pytest.fixture
def busy(world: World) -> World:
    """Thirty queues whose alerts are open."""
    add_queues(world.organization, [("dept_456", f"q{number}") for number in range(QUEUES)])
    world.rule()
    show(world, 0, [95.0] * QUEUES)
    assert world.again().triggered == QUEUES
    return world


def test_a_run_reads_no_alert_and_no_state_that_it_knows(busy: World):
    show(busy, 60, [96.0] * QUEUES)
    busy.again()
    show(busy, 120, [97.0] * QUEUES)
    with rows_counted() as rows:
        assert busy.again().seen == QUEUES
    assert rows.read["alerts_rulestate"] == 0
    assert not [
        sql for sql in rows.statements if "SELECT" in sql and '"alerts_alert"."message"' in sql and "pending" in sql
    ]
    assert sum('"alerts_alert"."message"' in sql for sql in rows.statements) == 1  # those resolved a moment ago
    assert rows.written["alerts_alert"] == rows.written["alerts_rulestate"] == QUEUES
    assert set(Alert.objects.values_list("occurrence_count", "current_value")) == {(3, 97.0)}


def test_a_run_of_few_scopes_reads_and_writes_no_others(busy: World):
    show(busy, 60, [96.0] * QUEUES)
    few = [busy.scope(f"q{number}").pk for number in range(5)]
    with rows_counted() as rows:
        assert busy.again(scopes=few).seen == 5
    assert rows.written["alerts_alert"] == rows.written["alerts_rulestate"] == 5
    assert sum(rows.read.values()) < QUEUES


def test_what_a_person_did_meanwhile_is_read(busy: World):
    show(busy, 60, [96.0] * QUEUES)
    busy.again()
    mine, other = busy.alerts[:2]
    busy.acknowledge(mine)
    busy.resolve(other)
    show(busy, 120, [97.0] * QUEUES)
    assert busy.again().seen == QUEUES - 1
    mine.refresh_from_db()
    other.refresh_from_db()
    assert (mine.status, mine.acknowledged_by, mine.current_value) == ("acknowledged", "dana", 97.0)
    assert (other.status, other.current_value) == ("resolved", 96.0)


def test_what_another_process_evaluated_meanwhile_is_read(busy: World, another_process: Callable[[], Any]):
    show(busy, 60, [96.0] * QUEUES)
    busy.again()
    with another_process():
        show(busy, 120, [60.0] * QUEUES)
        busy.again()
        show(busy, 300, [60.0] * QUEUES)
        assert busy.again().resolved == QUEUES
    show(busy, 360, [60.0] * QUEUES)
    assert busy.again().resolved == 0
    assert set(RuleState.objects.values_list("phase", flat=True)) == {"ok"}


def test_an_edit_of_a_rule_is_read(busy: World):
    show(busy, 60, [96.0] * QUEUES)
    busy.again()
    busy.edit(busy.alert.rule, threshold=98, clear_threshold=97)
    show(busy, 120, [60.0] * QUEUES)
    busy.again()
    show(busy, 300, [60.0] * QUEUES)
    assert busy.again().resolved == QUEUES


def test_a_run_that_is_rolled_back_leaves_nothing_behind(busy: World):
    show(busy, 60, [96.0] * QUEUES)
    busy.again()
    show(busy, 120, [60.0] * QUEUES)
    with pytest.raises(InterruptedError), transaction.atomic():
        busy.again()
        raise InterruptedError
    assert set(RuleState.objects.values_list("phase", flat=True)) == {"firing"}
    show(busy, 180, [97.0] * QUEUES)
    assert busy.again().seen == QUEUES
    assert set(Alert.objects.values_list("occurrence_count", "current_value")) == {(3, 97.0)}


@pytest.mark.parametrize("seed", range(3))
def test_a_process_that_remembers_comes_to_the_same_as_one_that_does_not(busy: World, process: Process, seed: int):
    """Values by chance, runs of all and of some, acts of people: then once more in processes that remember nothing."""
    stories = []
    for forgets in (False, True):
        random = Random(seed)
        Alert.objects.all().delete()
        RuleState.objects.all().delete()
        process()
        for step in range(12):
            if forgets:
                process()
            show(busy, 1_000 + 60 * step, [random.choice([60.0, 85.0, 95.0, 99.0]) for _ in range(QUEUES)])
            chosen = [busy.scope(f"q{number}").pk for number in random.sample(range(QUEUES), 7)]
            busy.again(scopes=chosen if random.random() < 0.5 else None)
            if step % 3 == 0 and (pending := Alert.objects.filter(status="pending").order_by("dedup_key")).exists():
                busy.acknowledge(random.choice(list(pending)))
        stories.append((_alerts(), _states()))
    assert stories[0] == stories[1]


def _alerts() -> list[tuple[Any, ...]]:
    names = [field.name for field in Alert._meta.fields if field.name not in ("id", "previous", "suppressed")]
    return list(Alert.objects.order_by("dedup_key", "triggered_at").values_list(*names))


def _states() -> list[tuple[Any, ...]]:
    names = [field.name for field in RuleState._meta.fields if field.name != "id"]
    return list(RuleState.objects.order_by("rule", "scope").values_list(*names))
