"""What a layout uses: memory, open files and database connections of its processes, rows and bytes of its tables."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

import psutil
import psycopg

from faults.layout import Layout
from tests.services import Service

MEGABYTE = 1024 * 1024
CLIENTS = "SELECT client_port FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
TABLES = """SELECT relname, n_live_tup, pg_total_relation_size(relid) FROM pg_stat_user_tables
    WHERE schemaname = 'public'"""


@dataclass
class Usage:
    """Of a process with its children. Memory is resident, a page that several share counted once, in megabytes."""

    memory: float = 0.0
    files: int = 0
    connections: int = 0


def sample(layout: Layout) -> dict[str, Any]:
    with psycopg.connect(layout.database()) as connection:
        clients = {port for (port,) in connection.execute(CLIENTS)}
        tables = {name: {"rows": rows, "bytes": size} for name, rows, size in connection.execute(TABLES)}
    processes = {name: asdict(usage(service, clients)) for name, service in services(layout)}
    return {"processes": processes, "tables": tables}


def services(layout: Layout) -> Iterator[tuple[str, Service]]:
    yield from ((f"serve {number}", serve) for number, serve in enumerate(layout.serves))
    yield from ((f"worker {number}", worker) for number, worker in enumerate(layout.workers))
    yield from ((service.name, service) for service in (layout.beat, layout.postgres, layout.valkey))


def usage(service: Service, clients: set[int]) -> Usage:
    found = Usage()
    for process in service.family():
        with suppress(psutil.NoSuchProcess):
            found.memory += process.memory_full_info().pss / MEGABYTE
            found.files += process.num_fds()
            found.connections += sum(one.laddr.port in clients for one in process.net_connections("tcp"))
    return found
