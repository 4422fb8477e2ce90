"""The database is lost, and comes back from a backup that is some seconds old (docs/operations.md, Restore)."""

import subprocess
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from faults.layout import Layout
from faults.scenario import Run, Scenario
from tests.services import Postgres


class RestoreLayout(Layout):
    folder: Path

    def start(self, stack: ExitStack) -> None:
        self.folder = Path(stack.enter_context(TemporaryDirectory(prefix="intraday-backup-")))
        super().start(stack)

    @property
    def backup(self) -> Path:
        return self.folder / "backup"


async def restore(run: Run) -> None:
    """What was acknowledged after the backup is gone with the server; the feed's next rows and all before are not."""
    layout, ledgers = run.layout, [feed.ledger for feed in run.traffic.feeds]
    assert isinstance(layout, RestoreLayout)
    kept = set().union(*(ledger.acknowledged for ledger in ledgers))
    await run.apart(lambda: dump(layout.postgres, layout.backup))
    await run.last()
    await run.apart(lambda: lose_and_restore(layout))
    since = datetime.now(UTC)
    run.traffic.excused = lambda key: key not in kept and key[2] < since
    listeners = run.traffic.listeners
    for listener in listeners:
        await run.until(lambda listener=listener: listener.unrecovered > 0)  # type: ignore[misc]
    run.notes.append(f"{len(listeners)} listeners went on from a snapshot")


def lose_and_restore(layout: RestoreLayout) -> None:
    for program in layout.programs():
        program.stop()
    layout.postgres.kill()
    layout.postgres.stop()  # with all its files
    layout.postgres.start()
    load(layout.postgres, layout.backup)
    layout.manage("new_epoch")
    for program in layout.programs():
        program.start()


def dump(postgres: Postgres, backup: Path) -> None:
    pg_tool(postgres, "pg_dump", "--format=custom", f"--file={backup}")


def load(postgres: Postgres, backup: Path) -> None:
    pg_tool(postgres, "pg_restore", "--exit-on-error", "--no-owner", str(backup))


def pg_tool(postgres: Postgres, name: str, *arguments: str) -> None:
    command = [postgres.binary(name), f"--dbname={postgres.url}", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{name} failed:\n{done.stderr[-2000:]}")


SCENARIOS = [Scenario("restore from backup", restore, RestoreLayout, long=30.0)]
