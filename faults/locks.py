"""Locks that another client of the database holds: a table for a maintenance, hot rows of a forgotten transaction."""

import asyncio

import psycopg

from faults.scenario import Run, Scenario

TABLES = ("backlog_snapshot", "kpi_currentkpi", "realtime_segment", "jobs_lease", "org_apikey")
HOT_ROWS = {
    "alerts_round": "organization_id",
    "realtime_stream": "name",
    "backlog_currentbacklog": "scope_id",
    "kpi_currentkpi": "scope_id",
}


async def hold(run: Run, *statements: str) -> None:
    """Hold locks in one transaction for as long as the fault lasts. Deadlocks of our own making are tried again."""
    async with await psycopg.AsyncConnection.connect(run.layout.database()) as connection:
        while True:
            try:
                for statement in statements:
                    await connection.execute(statement)
                break
            except psycopg.errors.DeadlockDetected:
                await connection.rollback()
        await run.last()
        await connection.rollback()


async def lock_table(run: Run) -> None:
    table = run.random.choice(TABLES)
    run.notes.append(f"locked: {table}")
    await hold(run, f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")


async def lock_rows(run: Run) -> None:
    await hold(run, *(f"SELECT 1 FROM {table} ORDER BY {key} FOR UPDATE" for table, key in HOT_ROWS.items()))


async def lock_tables_in_turn(run: Run) -> None:
    """Each for a part of the time, with a breath between."""
    part = Run(run.layout, run.traffic, run.seconds / len(TABLES), run.random)
    for table in TABLES:
        await hold(part, f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        await asyncio.sleep(1)


SCENARIOS = [
    Scenario("lock on a table", lock_table),
    Scenario("lock on hot rows", lock_rows),
    Scenario("lock on tables in turn", lock_tables_in_turn),
]
