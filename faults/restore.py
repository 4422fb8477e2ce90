"""The database is lost, and comes back from a backup that is some seconds old (docs/operations.md, Restore)."""

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.processes import ROOT
from faults.layout import Layout
from faults.scenario import Run, Scenario
from tests.services import Postgres


class RestoreLayout(Layout):
    """A small one: the suite runs this drill, too."""

    tenants = 2
    serve_count = 1
    folder: Path

    def start(self, stack: ExitStack) -> None:
        self.folder = Path(stack.enter_context(TemporaryDirectory(prefix="intraday-backup-")))
        super().start(stack)


async def restore(run: Run) -> None:
    """Back up, lose the database, restore it. Rows acknowledged after the backup may be lost; all others may not."""
    layout, ledgers = run.layout, [feed.ledger for feed in run.traffic.feeds]
    assert isinstance(layout, RestoreLayout)
    kept = set().union(*(ledger.acknowledged for ledger in ledgers))
    await run.apart(lambda: back_up(layout))
    await run.last()
    await run.apart(lambda: lose_and_restore(layout))
    since = datetime.now(UTC)
    run.traffic.excused = lambda key: key not in kept and key[2] < since
    listeners = run.traffic.listeners
    for listener in listeners:
        await run.until(lambda listener=listener: listener.unrecovered > 0)  # type: ignore[misc]
    run.notes.append(f"{len(listeners)} listeners went on from a snapshot")


def lose_and_restore(layout: RestoreLayout) -> None:
    with ThreadPoolExecutor() as everybody:  # each takes seconds to tell its clients
        list(everybody.map(lambda program: program.stop(), layout.programs()))
    layout.postgres.kill()
    layout.postgres.stop()  # with all its files
    layout.postgres.start()
    load(layout)
    layout.manage("new_epoch")
    for program in layout.programs():
        program.start()


def back_up(layout: RestoreLayout) -> None:
    run_tool(layout.postgres, str(ROOT / "docker/backup"), str(layout.folder))


def load(layout: RestoreLayout) -> None:
    """Restore as docs/operations.md says, into a server that is new and empty."""
    [backup] = layout.folder.glob("*.dump")
    postgres = layout.postgres
    run_tool(postgres, "pg_restore", "--exit-on-error", "--no-owner", f"--dbname={postgres.url}", str(backup))


def run_tool(postgres: Postgres, *command: str) -> None:
    """Run it with PostgreSQL's own programs on the path: theirs is the release of the server."""
    path = f"{Path(postgres.binary('pg_dump')).parent}:{os.environ['PATH']}"
    environment = os.environ | {"PATH": path, "DATABASE_URL": postgres.url}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed:\n{done.stderr[-2000:]}")


SCENARIOS = [Scenario("restore from backup", restore, RestoreLayout, short=2.0, long=30.0)]
