# Made by `make types` from intraday/replay/table_file.py: do not edit.
"""Tables of a log, as files: CSV in any encoding, plain or compressed."""

import codecs
import csv
import gzip
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TextIO

from intraday_client.shared.names import normalized
from intraday_client.shared.timeline import LogError

EXTRA = "\0"
"""The key of a line's cells beyond the headings, present where any of them holds something."""
BYTE_ORDER_MARK = "\ufeff"


def open_text(path: Path, encoding: str = "utf-8") -> TextIO:
    """Open a text, plain or compressed; a byte order mark of UTF-8 is no part of it."""
    try:
        if codecs.lookup(encoding).name == "utf-8":
            encoding = "utf-8-sig"
        if path.suffix == ".gz":
            return gzip.open(path, "rt", encoding=encoding, newline="")
        return path.open(encoding=encoding, newline="")
    except OSError as error:
        raise LogError(f"cannot read {path}: {error.strerror or error}") from error
    except LookupError as error:
        raise LogError(f"{encoding!r} is not an encoding known here") from error


def read_table(
    path: Path, columns: Iterable[str], *, delimiter: str = ",", encoding: str = "utf-8"
) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the line number and the cells of every row that is not blank.

    Raises LogError when a needed column is missing or stands twice, or when the file is no table. Columns without a
    heading, and those that nobody needs, may be there.
    """
    with open_text(path, encoding) as lines:
        reader = csv.reader(lines, delimiter=delimiter)
        try:
            headings = [_heading(cell) for cell in next(reader, [])]
            _require(headings, columns, path)
            for cells in reader:
                if cells:
                    yield reader.line_num, _by_heading(headings, cells)
        except (csv.Error, UnicodeError, gzip.BadGzipFile, zlib.error, EOFError) as error:
            raise LogError(f"{path} is not readable as a table near line {reader.line_num + 1}: {error}") from error


def _heading(cell: str) -> str:
    return normalized(cell.removeprefix(BYTE_ORDER_MARK).strip())


def _by_heading(headings: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    """Cells that are missing at the end are empty; those too many come together as EXTRA."""
    found = dict.fromkeys(headings, "") | dict(zip(headings, cells, strict=False))
    extra = "".join(cells[len(headings) :]).strip()
    return found | {EXTRA: extra} if extra else found


def _require(headings: Sequence[str], columns: Iterable[str], path: Path) -> None:
    needed = set(columns)
    if missing := sorted(needed - set(headings)):
        shown = ", ".join(heading for heading in headings if heading) or "none"
        raise LogError(f"{path} has no column {', '.join(missing)}; it has: {shown}")
    if twice := sorted(name for name in needed if headings.count(name) > 1):
        places = ", ".join(str(place) for place, heading in enumerate(headings, 1) if heading == twice[0])
        raise LogError(f"{path} has the heading {twice[0]} more than once (columns {places}): rename all but one")
