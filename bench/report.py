"""The one table."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from bench.machine import describe

DOCUMENT = Path(__file__).parent.parent / "docs" / "benchmarks.md"
BEGIN, END = "<!-- last run -->", "<!-- end of last run -->"
HEADER = ("what", "ours", "Socket.IO 4", "stock Channels", "bare loop", "one by one", "ratio", "bar", "met")


@dataclass(frozen=True, kw_only=True)
class Row:
    what: str
    ours: str = ""
    socketio: str = ""
    stock: str = ""
    bare: str = ""
    one_by_one: str = ""
    ratio: str = ""
    bar: str = ""
    met: bool | None = None  # None: no bar, or nothing to hold against it


@dataclass
class Report:
    rows: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    def text(self) -> str:
        lines = [_line(HEADER), _line("---" for _ in HEADER), *map(_row, self.rows)]
        parts = [describe(), "\n".join(lines)]
        if self.notes:
            parts.append("\n".join(f"- {note}" for note in self.notes))
        if self.left_out:
            parts.append("\n".join(f"- Left out: {what}" for what in self.left_out))
        return "\n\n".join(parts)

    def write(self) -> None:
        """Between the markers of docs/benchmarks.md; what stands around them is kept."""
        around = DOCUMENT.read_text() if DOCUMENT.exists() else f"# Benchmarks\n\n{BEGIN}\n{END}\n"
        before, rest = around.split(BEGIN)
        after = rest.split(END)[1]
        DOCUMENT.write_text(f"{before}{BEGIN}\n{self.text()}\n{END}{after}")


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _row(row: Row) -> str:
    met = "" if row.met is None else "yes" if row.met else "**no**"
    return _line((row.what, row.ours, row.socketio, row.stock, row.bare, row.one_by_one, row.ratio, row.bar, met))
