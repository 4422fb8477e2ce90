"""Reading a growing file over rotations and restarts, whole lines only.

A file is known by its first bytes, not by its name or number: rotation renames it, or copies and empties it, and
compresses it later. What was read of it is a position in that content.
"""

import gzip
import logging
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

HEAD_BYTES = 256
log = logging.getLogger("intraday_client")


@dataclass(frozen=True, slots=True)
class Place:
    """A position in the file that begins with these bytes (in hex, so that JSON takes it)."""

    head: str = ""
    offset: int = 0


def read_lines(path: Path, place: Place) -> Iterator[tuple[str, Place]]:
    """Yield each whole line after the place, and the place after it: of rotated files first, then of this one."""
    for each, begin in _files(path, place):
        yield from _lines(each, begin)


def _files(path: Path, place: Place) -> Iterator[tuple[Path, Place]]:
    if not place.offset or _begins_with(path, place):
        yield path, place
        return
    older = sorted((each for each in path.parent.glob(f"{path.name}[.-]*") if _is_rotated(each)), key=_age)
    left = [index for index, each in enumerate(older) if _begins_with(each, place)]
    if left:
        yield older[left[0]], place
        yield from ((each, Place()) for each in older[left[0] + 1 :] if not _begins_with(each, place))
    else:
        log.warning("%s is another file than it was, and the rotated one is gone: what it held at last is lost", path)
    yield path, Place()


def _is_rotated(path: Path) -> bool:
    """Return whether a rotated file lies there. One that is compressed counts once the plain one has gone."""
    return path.is_file() and not (path.suffix == ".gz" and path.with_suffix("").exists())


def _age(path: Path) -> float:
    return path.stat().st_mtime


def _begins_with(path: Path, place: Place) -> bool:
    """Return whether the file is the one of the place. One that is shorter was emptied meanwhile."""
    head = bytes.fromhex(place.head)
    try:
        with _open(path) as file:
            return file.read(len(head)) == head and file.seek(0, 2) >= place.offset
    except (OSError, EOFError, zlib.error):
        return False


def _lines(path: Path, place: Place) -> Iterator[tuple[str, Place]]:
    try:
        file = _open(path)
    except FileNotFoundError:
        return  # between the rename and the first line of the new file
    with file:
        try:
            yield from _lines_of(file, place)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            log.warning("%s is not whole: reading stops where it breaks off (%s)", path, error)


def _lines_of(file: BinaryIO, place: Place) -> Iterator[tuple[str, Place]]:
    head = file.read(HEAD_BYTES)
    offset = file.seek(place.offset)
    for line in file:
        if not line.endswith(b"\n"):
            return  # still being written
        offset += len(line)
        yield line.decode(errors="replace"), Place(head[: min(HEAD_BYTES, offset)].hex(), offset)


def _open(path: Path) -> BinaryIO:
    return gzip.open(path) if path.suffix == ".gz" else path.open("rb")  # type: ignore[return-value]
