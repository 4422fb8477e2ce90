"""Statements of periodic jobs do not read the alerts that are over: a year of them is no price that a round pays."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from alerts import retention, selectors
from alerts.models import Alert, Rule
from tests.alerts.world import TEN, World

OVER = 30_000


@pytest.fixture
def over() -> int:
    return OVER


@pytest.fixture
def long_history(world: World, over: int) -> Rule:
    """A year of resolved alerts of 3,000 rules and scopes, and one that is open."""
    rule = world.rule(for_seconds=0)
    world.judge(95, 0)
    open_alert = world.alert
    copied = [field.column for field in Alert._meta.concrete_fields if field.name not in CHANGING]
    columns = ", ".join(f'"{column}"' for column in copied)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO alerts_alert (id, dedup_key, status, resolved_at, resolution, triggered_at, {columns})"
            f" SELECT gen_random_uuid(), md5((n %% 3000)::text), 'resolved', at, 'auto', at - interval '1h', {columns}"
            "  FROM alerts_alert, generate_series(1, %s) n, LATERAL (SELECT %s - n * interval '17 minutes' AS at) t"
            "  WHERE id = %s",
            [over, TEN, open_alert.pk],
        )
        cursor.execute("ANALYZE alerts_alert")
    return rule


CHANGING = {"id", "dedup_key", "status", "resolved_at", "resolution", "triggered_at"}


@contextmanager
def plans() -> Iterator[list[dict[str, Any]]]:
    """Collect the plans of the SELECTs on alerts in the block, with the pages that each read."""
    found: list[dict[str, Any]] = []

    def explain(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.lstrip().startswith(("SELECT", "WITH")) and "alerts_alert" in sql:
            with connection.connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}", params)
                [plan] = cursor.fetchone()[0]
                found.append(plan["Plan"] | {"sql": sql})
        return execute(sql, params, many, context)

    with connection.execute_wrapper(explain):
        yield found


def steps(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", []):
        yield from steps(inner)


def expect_few(found: list[dict[str, Any]]) -> None:
    """Expect no scan of the table, nor of a whole index: the smallest of a year has more than 150 pages."""
    assert found, "the block reads alerts"
    for plan in found:
        on_alerts = [step for step in steps(plan) if step.get("Relation Name") == "alerts_alert"]
        assert "Seq Scan" not in {step["Node Type"] for step in on_alerts}, json.dumps(plan, indent=1)
        pages = sum(step["Shared Hit Blocks"] + step["Shared Read Blocks"] for step in on_alerts)
        assert pages < 60, json.dumps(plan, indent=1)


def test_a_round_reads_the_open_alerts_and_those_of_the_cooldown_alone(world: World, long_history: Rule):
    with plans() as found:
        world.judge(96, 60)
        world.again(90)
    expect_few(found)
    assert len(found) >= 4


def test_timers_and_sweeps_read_the_open_alerts_alone(world: World, long_history: Rule):
    with plans() as found:
        world.run_timers(60)
        world.resolve_unreachable()
        assert selectors.organizations_with_open_alerts() == [world.organization.pk]
    expect_few(found)


def test_a_purge_that_has_nothing_to_do_reads_nothing(world: World, long_history: Rule):
    with plans() as found:
        retention.purge(now=TEN + timedelta(days=1))
    expect_few(found)


# The last of this file: what it rolls back lies in the indexes until a vacuum, and others would read over it.
@pytest.mark.parametrize("over", [100_000])
def test_opening_an_alert_reads_none_of_a_hundred_thousand_that_are_over(world: World, long_history: Rule):
    first = world.alert
    world.resolve(first)
    with plans() as found:
        world.judge(97, 900)
    expect_few(found)
    assert any("WITH asked" in plan["sql"] for plan in found)
    assert Alert.objects.exclude(status="resolved").get().previous_id == first.pk
