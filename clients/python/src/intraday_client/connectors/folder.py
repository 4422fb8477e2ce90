"""A folder into which other systems drop files: each is read with a map, posted, and remembered."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from intraday_client.connectors.files import (
    ConfigError,
    Post,
    nothing_left,
    read_state,
    take,
    warn_unless_readable,
    write_state,
)
from intraday_client.connectors.tickets import TICKETS, snapshots
from intraday_client.kinds import ATTENDANCE, BACKLOG, INTERVALS, SHIFTS, Kind
from intraday_client.shared.kinds import KINDS
from intraday_client.shared.mapping import Map, read
from intraday_client.shared.table_file import read_table
from intraday_client.shared.timeline import LogError

log = logging.getLogger("intraday_client")
POSTED: dict[str, Kind[Any]] = {"backlog": BACKLOG, "kpi": INTERVALS, "attendance": ATTENDANCE, "shifts": SHIFTS}
"""Kinds of posts by the path of kinds of tables."""
READABLE = {**KINDS, "tickets": TICKETS}
EARLY = 60.0
"""Seconds by which clocks of machines that share a folder may differ, and nobody needs to know."""
Row = dict[str, Any]


@dataclass(frozen=True)
class Drop:
    """Files of one shape. `sla_minutes`: tickets older than this are late, where the file does not say it."""

    pattern: str
    mapping: Map
    sla_minutes: float | None = None

    @classmethod
    def from_config(cls, config: dict[str, Any], folder: Path) -> "Drop":
        limit = take(config, "sla_minutes", float, -1.0)
        pattern, path = take(config, "files", str), folder / take(config, "map", str)
        nothing_left(config)
        try:
            return cls(pattern, read(path, READABLE), limit if limit >= 0 else None)
        except LogError as error:
            raise ConfigError(str(error)) from error


@dataclass
class FolderFeed:
    path: Path
    state: Path
    defaults: Row  # organization_id, and department_id where rows name none
    drops: list[Drop]
    settle: float = 5.0  # seconds for which a file must have been left alone
    clock: Callable[[], float] = time.time
    _state: Row = field(default_factory=dict)
    _early: dict[Path, int] = field(default_factory=dict)
    """Files with a time of the future of which the log was told, and that time in nanoseconds."""

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "FolderFeed":
        """Take its entries out of the configuration; maps lie beside the configuration or have whole paths."""
        beside = Path(take(config, "_folder", str, "."))
        defaults = {"organization_id": take(config, "organization_id", str)}
        if department := take(config, "department_id", str, ""):
            defaults["department_id"] = department
        drops = [Drop.from_config(dict(each), beside) for each in take(config, "drop", list)]
        path, state = Path(take(config, "path", str)), Path(take(config, "state", str))
        warn_unless_readable(path)
        return cls(path, state, defaults, drops, take(config, "settle_seconds", float, 5.0))

    def round(self, post: Post) -> None:
        """Post each file that is new or another than it was. One that cannot be read is said once."""
        self._state = {"files": {}, "queues": {}} | read_state(self.state)
        present = [(drop, path) for drop in self.drops for path in self.path.glob(drop.pattern)]
        keys = {key for drop, path in present for key in (self._key(drop, path), path.name)}
        for drop, path in sorted(present, key=lambda each: (each[1].stat().st_mtime, each[1].name)):
            found = path.stat()
            mark = [found.st_size, found.st_mtime_ns]
            if self._kept(drop, path) != mark and self._is_left_alone(path, mark[1]):
                self._post(drop, path, post)
                self._keep(self._key(drop, path), mark, keys)

    def _is_left_alone(self, path: Path, written_ns: int) -> bool:
        """Tell whether nobody writes the file any more. One that is to wait for more than a minute is said once."""
        seconds = self.clock() - written_ns / 1e9
        if seconds < -EARLY and self._early.get(path) != written_ns:
            self._early[path] = written_ns
            log.warning(
                "%s has a time that is %.0f s ahead of this machine's clock, and waits for it: "
                "set the clocks right, or touch the file",
                path,
                -seconds,
            )
        return seconds >= self.settle

    def _key(self, drop: Drop, path: Path) -> str:
        """Return what a file is remembered by: each drop that it matches reads it, and folders may repeat names."""
        return f"{drop.pattern}: {path.relative_to(self.path).as_posix()}"

    def _kept(self, drop: Drop, path: Path) -> list[int] | None:
        """Return size and time of the file when it was posted. Files were once remembered by their bare names."""
        files = self._state["files"]
        return files.get(self._key(drop, path), files.get(path.name))  # type: ignore[no-any-return]

    def _post(self, drop: Drop, path: Path, post: Post) -> None:
        try:
            rows = self._rows(drop, path)
        except LogError as error:
            log.error("%s", error)
            return
        log.info("%s: %s rows", path.name, len(rows))
        if drop.mapping.kind is TICKETS:
            at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
            known = self._state["queues"].setdefault(drop.pattern, [])
            rows = snapshots(rows, at, known, drop.sla_minutes)
            self._state["queues"][drop.pattern] = [[row.get(name, "") for name in TICKETS.key] for row in rows]
        post(POSTED.get(drop.mapping.kind.path, BACKLOG), rows)

    def _rows(self, drop: Drop, path: Path) -> list[Row]:
        """Return the good rows; bad lines are logged, and left out.

        Raises LogError for a list of tickets with bad lines: without them the backlog would look smaller than it is.
        """
        mapping, rows, bad = drop.mapping, list[Row](), 0
        for line, cells in read_table(path, mapping.headings, delimiter=mapping.delimiter, encoding=mapping.encoding):
            try:
                rows.append(self.defaults | mapping.row(cells)[1])
            except ValueError as error:
                log.warning("%s, line %s: left out: %s", path.name, line, error)
                bad += 1
        if bad and mapping.kind is TICKETS:
            raise LogError(
                f"{path} is not posted: {bad} of {bad + len(rows)} tickets cannot be read, and the backlog would look "
                "smaller than it is. Mend the file or its map, and write the file anew"
            )
        return rows

    def _keep(self, key: str, mark: list[int], present: set[str]) -> None:
        files = {other: kept for other, kept in self._state["files"].items() if other in present}
        self._state["files"] = {**files, key: mark}
        write_state(self.state, self._state)
