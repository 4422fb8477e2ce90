# Made by `make types` from intraday/replay/mapping.py: do not edit.
"""The map that says which column of somebody's own table is which of our fields (TOML or JSON, docs/replay.md)."""

import json
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from intraday_client.shared.cells import UNITS, Spelling, duration, number
from intraday_client.shared.kinds import BACKLOG, KINDS, FieldType, Kind
from intraday_client.shared.names import normalized
from intraday_client.shared.rows import Row, iso
from intraday_client.shared.table_file import EXTRA, open_text
from intraday_client.shared.timeline import LogError, in_utc

UTC_ZONE = ZoneInfo("UTC")
SETTINGS = {"kind", "zone", "time_format", "delimiter", "decimal", "thousands", "encoding", "missing"}
WORDS = {"queue_names": "queue_name", "statuses": "status", "shift_kinds": "kind"}
"""Tables of the map that translate the words of a column."""
DEFAULT_UNITS = {"minutes": "minutes", "seconds": "seconds"}
SHARES = {"percent": 100.0, "fraction": 1.0}
"""Units of a share that is multiplied by its whole."""


@dataclass(frozen=True, slots=True)
class Column:
    """`times` less `less`: the counts it is multiplied by, as a mean by its count or a share by its whole."""

    name: str
    unit: str = ""
    times: tuple[str, ...] = ()
    less: tuple[str, ...] = ()

    @property
    def headings(self) -> tuple[str, ...]:
        return self.name, *self.times, *self.less


@dataclass(frozen=True)
class Map:
    columns: dict[str, Column]
    kind: Kind = BACKLOG
    constants: Row = field(default_factory=dict)
    words: dict[str, dict[str, str]] = field(default_factory=dict)  # by field, the table's word to ours
    zone: ZoneInfo = UTC_ZONE
    time_format: str = "iso"
    delimiter: str = ","
    spelling: Spelling = field(default_factory=Spelling)
    encoding: str = "utf-8-sig"
    missing: frozenset[str] = frozenset({""})

    def row(self, cells: dict[str, str]) -> tuple[datetime, Row]:
        """Return the time and our row; raise ValueError that says what is wrong with the line."""
        if cells.get(EXTRA):
            raise ValueError("more cells than headings")
        row = self.constants | {name: self._value(name, cells) for name in self.columns if self._filled(name, cells)}
        self._check_filled(row)
        times = {name: value for name, value in row.items() if self.kind.fields[name] == "time"}
        instants = {name: self._time(name, text) for name, text in times.items()}
        return instants[self.kind.time], row | {name: iso(time) for name, time in instants.items()}

    @property
    def of_queues(self) -> bool:
        """Return whether rows are of queues; else they are of departments or the organization."""
        return "queue_name" in self.columns or "queue_name" in self.constants

    @property
    def headings(self) -> list[str]:
        """Return the headings that the table must have."""
        return [heading for column in self.columns.values() for heading in column.headings]

    @property
    def required(self) -> frozenset[str]:
        return required_of(self.kind, of_queues=self.of_queues)

    def _check_filled(self, row: Row) -> None:
        if missing := sorted(self.required - row.keys()):
            raise ValueError(" and ".join(f"{self._shown(name)} is empty" for name in missing))
        if "queue_name" in self.columns and "queue_name" not in row:
            raise ValueError(
                f"{self._shown('queue_name')} is blank: name the queue. Rows of a department or the organization come "
                "from a table whose map has no queue_name"
            )

    def _shown(self, name: str) -> str:
        return f"{self.columns[name].name} ({name})" if name in self.columns else name

    def _filled(self, name: str, cells: dict[str, str]) -> bool:
        return cells[self.columns[name].name].strip() not in self.missing

    def _value(self, name: str, cells: dict[str, str]) -> Any:
        column = self.columns[name]
        text = normalized(cells[column.name].strip())
        try:
            if column.times:
                return self._product(name, column, text, cells)
            return self._read(name, self.kind.fields[name], column.unit, self.words.get(name, {}).get(text, text))
        except ValueError as error:
            raise ValueError(f"{column.name}: {error}") from None
        except OverflowError:
            raise ValueError(f"{column.name}: {text!r} is too large to be meant") from None

    def _product(self, name: str, column: Column, text: str, cells: dict[str, str]) -> float:
        """Return the total that a mean or a share stands for; counts as whole numbers."""
        factor = self._sum(column.times, cells) - self._sum(column.less, cells)
        if column.unit in SHARES:
            value = number(text.removesuffix("%").strip(), self.spelling) / SHARES[column.unit]
        else:
            value = duration(text, column.unit or DEFAULT_UNITS[self.kind.fields[name]], self.spelling)
        return round(value * factor) if self.kind.fields[name] == "count" else _rounded(value * factor)

    def _sum(self, headings: tuple[str, ...], cells: dict[str, str]) -> float:
        counts = (cells[heading].strip() for heading in headings)
        return sum(number(count, self.spelling) for count in counts if count not in self.missing)

    def _read(self, name: str, field_type: FieldType, unit: str, text: str) -> Any:
        if field_type in ("text", "time"):
            return text
        if field_type == "texts":
            return [each.strip() for each in text.split(";") if each.strip()]
        if field_type == "choice":
            return _chosen(text, self.kind.choices[name])
        if field_type == "count":
            return _whole(number(text, self.spelling))
        if field_type == "percent":
            return number(text, self.spelling)
        seconds = duration(text, unit or DEFAULT_UNITS[field_type], self.spelling)
        return _rounded(seconds / 60 if field_type == "minutes" else seconds)

    def _time(self, name: str, text: str) -> datetime:
        try:
            local = _parse(text, self.time_format)
        except (TypeError, ValueError, OverflowError, OSError):  # a constant may be no text at all
            raise ValueError(f"{self._shown(name)}: {text!r} does not read as a time ({self.time_format})") from None
        return _existing(local, self.zone)


def read(path: Path, kinds: Mapping[str, Kind] = KINDS) -> Map:
    try:
        with open_text(path) as file:
            raw = json.load(file) if path.suffix == ".json" else tomllib.loads(file.read())
        return from_dict(raw, kinds)
    except (ValueError, TypeError, AttributeError, KeyError) as error:  # both decoders' errors are ValueErrors
        raise LogError(f"{path}: {error}") from error


def from_dict(raw: dict[str, Any], kinds: Mapping[str, Kind] = KINDS) -> Map:
    """Read a map; raise ValueError that names the entry which cannot be used."""
    _known(raw, SETTINGS | {"columns", "constants", *WORDS}, "the map")
    kind = _kind(raw.get("kind", "backlog"), kinds)
    constants = raw.get("constants", {})
    _known(raw.get("columns", {}) | constants, set(kind.fields), "our fields")
    columns = {name: _column(name, value, kind.fields[name]) for name, value in raw.get("columns", {}).items()}
    named = columns.keys() | constants.keys()
    if missing := required_of(kind, of_queues="queue_name" in named) - named:
        raise ValueError(f"the map names nothing for {', '.join(sorted(missing))}")
    settings = {name: _text(name, raw[name]) for name in ("time_format", "delimiter", "encoding") if name in raw}
    _check_settings(**settings)
    return Map(
        columns=columns,
        kind=kind,
        constants=constants,
        words={name: _words(raw.get(table, {})) for table, name in WORDS.items()},
        zone=_zone(raw.get("zone", "UTC")),
        spelling=Spelling(raw.get("decimal"), raw.get("thousands", "")),
        missing=frozenset({"", *raw.get("missing", [])}),
        **settings,
    )


def required_of(kind: Kind, *, of_queues: bool) -> frozenset[str]:
    return kind.required if of_queues or kind.level_required is None else kind.level_required


def _kind(name: str, kinds: Mapping[str, Kind]) -> Kind:
    if name not in kinds:
        raise ValueError(f"kind {name!r} is none of {', '.join(kinds)}")
    return kinds[name]


def _known(names: dict[str, Any], known: set[str], where: str) -> None:
    if unknown := sorted(names.keys() - known):
        raise ValueError(f"{', '.join(unknown)}: not among {where} ({', '.join(sorted(known))})")


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{name} {value!r} is not a text")
    return value


def _check_settings(*, delimiter: str = ",", time_format: str = "", **_: str) -> None:
    if len(delimiter) != 1:
        raise ValueError(f"delimiter {delimiter!r} is not one character")
    directives = time_format.replace("%%", "")
    if "%Z" in directives and "%z" not in directives:
        raise ValueError("time_format: the name of a zone (%Z) cannot be read: write it as it stands, and say zone = …")


def _words(table: dict[str, str]) -> dict[str, str]:
    return {normalized(word): _text(word, meant) for word, meant in table.items()}


def _column(field_name: str, value: Any, field_type: FieldType) -> Column:
    column = Column(value) if isinstance(value, str) else _told(value)
    if not column.name.strip():
        raise ValueError(f"{field_name}: the column has no name")
    if column.times:
        _check_product(field_name, column, field_type)
    elif column.unit and field_type not in DEFAULT_UNITS:
        raise ValueError(f"{field_name}: only lengths of time have a unit")
    elif column.unit and column.unit not in UNITS:
        raise ValueError(f"{field_name}: unit {column.unit!r} is none of {', '.join(UNITS)}")
    return Column(normalized(column.name.strip()), column.unit, column.times, column.less)


def _told(value: dict[str, Any]) -> Column:
    return Column(value["column"], value.get("unit", ""), _headings(value, "times"), _headings(value, "less"))


def _headings(value: dict[str, Any], name: str) -> tuple[str, ...]:
    headings = value.get(name, [])
    return tuple(normalized(each.strip()) for each in ([headings] if isinstance(headings, str) else headings))


def _check_product(field_name: str, column: Column, field_type: FieldType) -> None:
    units = {"count": tuple(SHARES), "seconds": UNITS, "minutes": UNITS}.get(field_type)
    if units is None:
        raise ValueError(f"{field_name}: only counts and lengths of time are multiplied")
    if column.unit not in units and (column.unit or field_type == "count"):
        raise ValueError(f"{field_name}: unit {column.unit!r} is none of {', '.join(units)}")


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"zone {name!r} is not an IANA time zone") from None


def _parse(text: str, time_format: str) -> datetime:
    if time_format == "iso":
        return datetime.fromisoformat(text)
    if time_format in ("epoch", "epoch_ms"):
        return datetime.fromtimestamp(float(text) / (1000 if time_format == "epoch_ms" else 1), UTC)
    return datetime.strptime(text, time_format)  # noqa: DTZ007  wall clock of the table, its zone is added by _existing


def _existing(local: datetime, zone: ZoneInfo) -> datetime:
    """A wall clock time that the change to summer time skips is an error of the table, not ours to repair."""
    try:
        time = in_utc(local, zone)
        again = time.astimezone(zone).replace(tzinfo=None)
    except OverflowError:
        raise ValueError(f"{local} is beyond the calendar in {zone.key}") from None
    if local.tzinfo is None and again != local:
        raise ValueError(f"{local} does not exist in {zone.key}: the clocks skip it")
    return time


def _rounded(value: float) -> float:
    if not math.isfinite(value):
        raise OverflowError
    return round(value, 4)


def _chosen(text: str, choices: tuple[str, ...]) -> str:
    if text not in choices:
        raise ValueError(f"{text!r} is none of {', '.join(choices)}")
    return text


def _whole(value: float) -> int:
    if value != int(value):
        raise ValueError(f"{value} is not a whole number")
    return int(value)
