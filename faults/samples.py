"""Sample a layout: memory, open files and database connections of its processes, rows and bytes of its tables."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil
import psycopg

from faults.layout import Layout
from tests.services import Service

KILOBYTES = 1024  # of a megabyte
COUNTED = ("Pss_Anon:", "Pss_File:")  # and not Pss_Shmem
CLIENTS = "SELECT client_port FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
TABLES = """SELECT relname, n_live_tup, pg_total_relation_size(relid) FROM pg_stat_user_tables
    WHERE schemaname = 'public'"""


@dataclass
class Usage:
    """Usage of a process with its children. Memory is resident, in megabytes; a shared page counts once, and
    PostgreSQL's shared buffers, which fill up to their configured size, not at all."""

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
            found.memory += resident(process.pid)
            found.files += process.num_fds()
            found.connections += sum(one.laddr.port in clients for one in process.net_connections("tcp"))
    return found


def resident(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):  # it has just ended
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith(COUNTED)) / KILOBYTES
