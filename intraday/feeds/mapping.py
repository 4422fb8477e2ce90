"""The map that says which column of somebody's own table is which of our fields (TOML or JSON, docs/replay.md)."""

import json
import math
import tomllib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from intraday.feeds.instants import FeedError, Row, in_utc, iso, open_text

TEXTS = {"organization_id", "department_id", "queue_name"}
COUNTS = {
    "total_items",
    "items_over_sla",
    "sla_at_risk_count",
    "items_added",
    "items_completed",
    "items_added_total",
    "items_completed_total",
}
MINUTES = {"average_wait_time_minutes", "oldest_item_age_minutes"}
PERCENTS = {"sla_compliance_percentage"}
FIELDS = TEXTS | COUNTS | MINUTES | PERCENTS | {"snapshot_time"}
REQUIRED = {"snapshot_time", "total_items", "average_wait_time_minutes"}
UNITS = {"seconds": 1 / 60, "minutes": 1.0, "hours": 60.0, "days": 1440.0}
UTC_ZONE = ZoneInfo("UTC")
SETTINGS = {"zone", "time_format", "delimiter", "decimal", "encoding", "missing"}


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    unit: str = "minutes"


@dataclass(frozen=True)
class Map:
    columns: dict[str, Column]
    constants: Row = field(default_factory=dict)
    queue_names: dict[str, str] = field(default_factory=dict)
    zone: ZoneInfo = UTC_ZONE
    time_format: str = "iso"
    delimiter: str = ","
    decimal: str = "."
    encoding: str = "utf-8-sig"
    missing: frozenset[str] = frozenset({""})

    def row(self, cells: dict[str, str]) -> tuple[datetime, Row]:
        """The time and our row; ValueError says what is wrong with the line."""
        if cells.get(""):
            raise ValueError("more cells than headings")
        row = self.constants | {name: self._value(name, cells) for name in self.columns if self._filled(name, cells)}
        if missing := sorted(REQUIRED - row.keys()):
            raise ValueError(" and ".join(f"{self.columns[name].name} ({name}) is empty" for name in missing))
        time = self._time(row.pop("snapshot_time"))
        return time, row | {"snapshot_time": iso(time)}

    def _filled(self, name: str, cells: dict[str, str]) -> bool:
        return cells[self.columns[name].name].strip() not in self.missing

    def _value(self, name: str, cells: dict[str, str]) -> Any:
        column = self.columns[name]
        text = cells[column.name].strip()
        if name == "queue_name":
            return self.queue_names.get(text, text)
        if name in TEXTS or name == "snapshot_time":
            return text
        value = _number(text, self.decimal, column.name)
        if name in COUNTS:
            return _whole(value, column.name)
        return round(value * UNITS[column.unit], 4) if name in MINUTES else value

    def _time(self, text: str) -> datetime:
        try:
            local = _parse(text, self.time_format)
        except (ValueError, OverflowError, OSError):
            raise ValueError(f"{text!r} does not read as a time ({self.time_format})") from None
        return _existing(local, self.zone)


def read(path: Path) -> Map:
    try:
        with open_text(path) as file:
            raw = json.load(file) if path.suffix == ".json" else tomllib.loads(file.read())
        return from_dict(raw)
    except (ValueError, TypeError, AttributeError) as error:  # both decoders' errors are ValueErrors
        raise FeedError(f"{path}: {error}") from error


def from_dict(raw: dict[str, Any]) -> Map:
    """ValueError names the entry of the map that cannot be used."""
    _known(raw, SETTINGS | {"columns", "constants", "queue_names"}, "the map")
    columns = {name: _column(name, value) for name, value in raw.get("columns", {}).items()}
    constants = raw.get("constants", {})
    _known(columns | constants, FIELDS, "our fields")
    if missing := REQUIRED - columns.keys() - constants.keys():
        raise ValueError(f"the map names nothing for {', '.join(sorted(missing))}")
    settings = {name: raw[name] for name in ("time_format", "delimiter", "decimal", "encoding") if name in raw}
    return Map(
        columns=columns,
        constants=constants,
        queue_names=raw.get("queue_names", {}),
        zone=_zone(raw.get("zone", "UTC")),
        missing=frozenset({"", *raw.get("missing", [])}),
        **settings,
    )


def _known(names: dict[str, Any], known: set[str], where: str) -> None:
    if unknown := sorted(names.keys() - known):
        raise ValueError(f"{', '.join(unknown)}: not among {where} ({', '.join(sorted(known))})")


def _column(field_name: str, value: Any) -> Column:
    column = Column(value) if isinstance(value, str) else Column(value["column"], value.get("unit", "minutes"))
    if column.unit not in UNITS:
        raise ValueError(f"{field_name}: unit {column.unit!r} is none of {', '.join(UNITS)}")
    return column


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except ZoneInfoNotFoundError:
        raise ValueError(f"zone {name!r} is not an IANA time zone") from None


def _parse(text: str, time_format: str) -> datetime:
    if time_format == "iso":
        return datetime.fromisoformat(text)
    if time_format in ("epoch", "epoch_ms"):
        return datetime.fromtimestamp(float(text) / (1000 if time_format == "epoch_ms" else 1), UTC)
    return datetime.strptime(text, time_format)  # noqa: DTZ007  wall clock of the table, its zone is added by _existing


def _existing(local: datetime, zone: ZoneInfo) -> datetime:
    """A wall clock time that the change to summer time skips is an error of the table, not ours to repair."""
    time = in_utc(local, zone)
    if local.tzinfo is None and time.astimezone(zone).replace(tzinfo=None) != local:
        raise ValueError(f"{local} does not exist in {zone.key}: the clocks skip it")
    return time


def _number(text: str, decimal: str, column: str) -> float:
    try:
        value = float(text if decimal == "." else text.replace(decimal, "."))
    except ValueError:
        raise ValueError(f"{column}: {text!r} is not a number") from None
    if not math.isfinite(value) or value < 0:
        raise ValueError(f"{column}: {text} is not a figure of 0 or more")
    return value


def _whole(value: float, column: str) -> int:
    if value != int(value):
        raise ValueError(f"{column}: {value} is not a whole number")
    return int(value)
