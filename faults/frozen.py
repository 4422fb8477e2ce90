"""Processes that stop in the middle of what they do, hold all they held, and go on later as if nothing had been."""

import signal
import time
from contextlib import suppress
from typing import Any

import psutil
import psycopg

from faults.processes import Worker
from faults.scenario import Run, Scenario
from tests.services import Service

IN_TRANSACTION = """SELECT client_port FROM pg_stat_activity
    WHERE xact_start IS NOT NULL AND backend_xid IS NOT NULL AND state LIKE 'idle%%' AND client_port = ANY(%s)"""
PATIENCE = 60.0  # seconds until a job is caught in a transaction
Connection = psycopg.Connection[Any]


async def frozen(run: Run, service: Service) -> None:
    service.pause()
    try:
        await run.last()
    finally:
        service.resume()


async def freeze_serve(run: Run) -> None:
    await frozen(run, run.random.choice(run.layout.serves))


async def freeze_valkey(run: Run) -> None:
    await frozen(run, run.layout.valkey)


async def freeze_postgres(run: Run) -> None:
    await frozen(run, run.layout.postgres)


async def freeze_worker(run: Run) -> None:
    """The whole worker, while one of its processes has written and not yet committed."""
    [worker] = run.layout.workers
    await run.apart(lambda: caught(worker, run.layout.database()))
    try:
        await run.last()
    finally:
        worker.resume()


async def freeze_child(run: Run) -> None:
    """The one process that has written and not yet committed; the other goes on."""
    [worker] = run.layout.workers
    held = await run.apart(lambda: caught(worker, run.layout.database()))
    others = [process for process in worker.processes() if process.pid != held.pid]
    for process in others:
        process.send_signal(signal.SIGCONT)
    try:
        await run.last()
    finally:
        worker.resume()


def caught(worker: Worker, database: str) -> psutil.Process:
    """Freeze the worker in a transaction; return the process that is in it."""
    deadline = time.monotonic() + PATIENCE
    with psycopg.connect(database, autocommit=True) as connection:
        while time.monotonic() < deadline:
            if writing(connection, worker):
                worker.pause()
                if found := writing(connection, worker):
                    return found
                worker.resume()
    raise RuntimeError("no job of the worker was caught in a transaction")


def writing(connection: Connection, worker: Worker) -> psutil.Process | None:
    ports = ports_of(worker)
    for (port,) in connection.execute(IN_TRANSACTION, (list(ports),)):
        return ports[port]
    return None


def ports_of(worker: Worker) -> dict[int, psutil.Process]:
    """Return the client's side of each connection of the worker, and whose it is."""
    found = {}
    for process in worker.processes():
        with suppress(psutil.NoSuchProcess):
            found |= {connection.laddr.port: process for connection in process.net_connections("tcp")}
    return found


SCENARIOS = [
    Scenario("frozen worker", freeze_worker, long=120.0),
    Scenario("frozen worker process", freeze_child, long=120.0),
    Scenario("frozen serve", freeze_serve),
    Scenario("frozen Valkey", freeze_valkey),
    Scenario("frozen PostgreSQL", freeze_postgres),
]
