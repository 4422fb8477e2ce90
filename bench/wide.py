"""Rows about many tenants: one worker of two processes judges 200 organizations, as beat asks for it."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime
from typing import Any

import psycopg

from bench.machine import on_both_cores
from bench.report import Report, Row
from bench.services import another_database, inside
from faults.processes import Beat, Worker

ORGANIZATIONS, QUEUES, DIRTY = 200, 50, 5
MAX_ALL_SECONDS, MAX_DIRTY_SECONDS = 60.0, 10.0
PATIENCE = 200.0
EVERY = 0.1
JUDGED = "SELECT count(*) FROM jobs_lease WHERE job = 'judge_all' AND done_at > %s"
MARKED = "SELECT count(*) FROM jobs_dirtyscope"


class LateError(Exception):
    """The worker did not come to an end in PATIENCE seconds."""


def judging(report: Report, env: dict[str, str], *, organizations: int = ORGANIZATIONS) -> None:
    """Worker and beat share both cores, PostgreSQL is on one of them: nothing else is measured."""
    wide = another_database(env, "wide_judging", 3)
    inside("bench.wide_seed", wide, "fill", str(organizations), str(QUEUES))
    with on_both_cores():
        whole, dirty = _measured(wide, organizations)
    what = f"{organizations} organizations of {QUEUES} queues, one worker of two processes"
    for name, seconds, most in (
        (f"{what}: all judged, s", whole, MAX_ALL_SECONDS),
        (f"… with new facts of {DIRTY} queues of each, s", dirty, MAX_DIRTY_SECONDS),
    ):
        report.rows.append(Row(what=name, ours=f"{seconds:.1f}", bar=f"<= {most:.0f} s", met=seconds <= most))
    report.notes.append(
        "many organizations: the default rules; from the start of worker and beat until each was judged in full, and "
        "then from the commit of the facts until no scope is marked any more, full judgements going on beside it."
    )


def _measured(env: dict[str, str], organizations: int) -> tuple[float, float]:
    with psycopg.connect(env["DATABASE_URL"], autocommit=True) as database, ExitStack() as stack:
        begun: datetime = _value(database, "SELECT clock_timestamp()")
        started = time.monotonic()
        for program in (Worker(env), Beat(env)):
            stack.enter_context(program)
        _wait(lambda: _value(database, JUDGED, begun) >= organizations)
        whole = time.monotonic() - started
        judged = _value(
            database,
            "SELECT count(DISTINCT s.organization_id) FROM kpi_currentkpi k JOIN org_scope s ON s.id = k.scope_id",
        )
        if judged < organizations:
            raise RuntimeError(
                f"only {judged} of {organizations} organizations have figures: the others were left alone"
            )
        inside("bench.wide_seed", env, "post", str(organizations), str(DIRTY))
        marked: datetime = _value(database, "SELECT max(marked_at) FROM jobs_dirtyscope") or begun
        _wait(lambda: _value(database, MARKED) == 0)
        return whole, (_value(database, "SELECT clock_timestamp()") - marked).total_seconds()


def _value(database: psycopg.Connection[Any], sql: str, *values: object) -> Any:
    row = database.execute(sql, values).fetchone()
    return None if row is None else row[0]


def _wait(is_over: Callable[[], bool]) -> None:
    ends = time.monotonic() + PATIENCE
    while not is_over():
        if time.monotonic() > ends:
            raise LateError(f"not done after {PATIENCE:.0f} s; the log of the worker says how far it came")
        time.sleep(EVERY)
