# Made by `make types` from intraday/replay/cells.py: do not edit.
"""Numbers and lengths of time as tables spell them. Nothing is guessed: what could mean two things is refused. Pure."""

import math
import re
from dataclasses import dataclass

DECIMALS = (".", ",")
THOUSANDS = ("", ".", ",", " ", "'")
SPACES, APOSTROPHES = re.compile("[ \u00a0\u2009\u202f]"), re.compile("['\u2019]")
SECONDS = {"milliseconds": 0.001, "seconds": 1.0, "minutes": 60.0, "hours": 3_600.0, "days": 86_400.0}
CLOCKS = {"hh:mm:ss": "hh:mm:ss", "h:mm:ss": "hh:mm:ss", "hh:mm": "hh:mm", "h:mm": "hh:mm"} | dict.fromkeys(
    ("mm:ss", "m:ss"), "mm:ss"
)
UNITS = (*SECONDS, *CLOCKS)


@dataclass(frozen=True, slots=True)
class Spelling:
    """Separators of a table's numbers. `decimal` None: the map does not say it; the point then, where nothing else can
    be meant."""

    decimal: str | None = None
    thousands: str = ""

    def __post_init__(self) -> None:
        if self.decimal not in (None, *DECIMALS):
            raise ValueError(f"decimal {self.decimal!r} is none of {_listed(DECIMALS)}")
        if self.thousands not in THOUSANDS:
            raise ValueError(f"thousands {self.thousands!r} is none of {_listed(THOUSANDS)}")
        if self.thousands == self.point:
            raise ValueError(f"decimal and thousands are both {self.thousands!r}: they differ in every table")

    @property
    def point(self) -> str:
        return self.decimal or ("," if self.thousands == "." else ".")

    @property
    def example(self) -> str:
        return f"1{self.thousands}234{self.point}5"


def _listed(choices: tuple[str, ...]) -> str:
    return ", ".join(repr(choice) for choice in choices)


def number(text: str, spelling: Spelling) -> float:
    """Return the number of 0 or more; raise ValueError that quotes the text and says what is expected."""
    plain = _without_thousands(APOSTROPHES.sub("'", SPACES.sub(" ", text)), spelling)
    if (
        re.fullmatch(r"-?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?(nan|inf|infinity)", plain, re.IGNORECASE | re.ASCII)
        is None
    ):
        raise ValueError(f"{text!r} is not a number such as {spelling.example}{_advice(text, spelling)}")
    value = float(plain)
    if not math.isfinite(value) or value < 0:
        raise ValueError(f"{text} is not a figure of 0 or more")
    return value


def _without_thousands(text: str, spelling: Spelling) -> str:
    """Return the number as Python writes it, or a text that is none where separators do not stand as they should."""
    whole, point, rest = text.partition(spelling.point)
    if (
        spelling.decimal is None
        and not spelling.thousands
        and re.fullmatch(r"[1-9][0-9]{0,2}", whole)
        and re.fullmatch(r"[0-9]{3}", rest)
    ):
        raise ValueError(
            f"{text!r} could be a number of thousands or one with a fraction: "
            'say decimal = "." or thousands = "." in the map'
        )
    if spelling.thousands and re.fullmatch(rf"[0-9]{{1,3}}({re.escape(spelling.thousands)}[0-9]{{3}})+", whole):
        whole = whole.replace(spelling.thousands, "")
    if "." in whole or "." in rest:
        return ""  # a point that is no decimal point here, though Python would read it as one
    return f"{whole}.{rest}" if point else whole


def _advice(text: str, spelling: Spelling) -> str:
    """Say which setting is missing where separators are all that is wrong."""
    separators = set(re.sub(r"[\d-]", "", APOSTROPHES.sub("'", SPACES.sub(" ", text))))
    unknown = separators - {spelling.point, spelling.thousands}
    if not text[:1].isdecimal() or not unknown or not unknown <= {*THOUSANDS, *DECIMALS}:
        return ""
    thousands = repr(spelling.thousands) if spelling.thousands else "none"
    return f": it was read with decimal {spelling.point!r} and thousands {thousands}, as the map says"


def duration(text: str, unit: str, spelling: Spelling) -> float:
    """Return seconds of a cell in one of UNITS.

    Hours, minutes and seconds with two colons mean one thing only and are read whatever the unit.
    """
    clock, parts = CLOCKS.get(unit), text.replace(spelling.point, ".").split(":")
    if len(parts) == 1 and clock is None:
        return number(text, spelling) * SECONDS[unit]
    if len(parts) == 2 and clock is None:
        raise ValueError(f'{text!r} could be hours or minutes: give the column unit = "hh:mm" or unit = "mm:ss"')
    seconds = None
    if len(parts) == 3:
        seconds = _clock(parts, 3_600)
    elif len(parts) == 2 and clock != "hh:mm:ss":
        seconds = _clock(parts, 3_600 if clock == "hh:mm" else 60)
    if seconds is None:
        raise ValueError(f"{text!r} is not a length of time such as {clock or 'hh:mm:ss'}")
    return seconds


def _clock(parts: list[str], first: int) -> float | None:
    """Return the seconds of hours, minutes and seconds, the first part being of so many; None where that is no clock.

    The first part may be of any size (26:10:05), the others are below 60; the last one may have a fraction.
    """
    *whole, last = parts
    fraction = r"[0-5][0-9](\.[0-9]+)?" if first == 60 or len(parts) == 3 else r"[0-5][0-9]"
    good = whole[0].isascii() and whole[0].isdecimal() and re.fullmatch(fraction, last)
    if not good or not all(re.fullmatch(r"[0-5][0-9]", part) for part in whole[1:]):
        return None
    return float(sum(float(part) * first / 60**place for place, part in enumerate(parts)))
