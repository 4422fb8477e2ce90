"""Command line options of `replay`."""

import argparse
from datetime import date, datetime


def moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date or time like 2016-03-28T08:00") from None


def day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day like 2026-09-14") from None


def speed(text: str) -> float | None:
    """Log seconds per wall second; None stands for `max`."""
    if text == "max":
        return None
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r}: write max or a number above 0 (60 = a minute a second)")
    return value
