"""Command line options that more than one of the feed commands has."""

import argparse
import os
from datetime import date, datetime, timedelta

from intraday.feeds.instants import duration
from intraday.feeds.profiles import OUTAGES, Outage

DEFAULT_URL = "http://127.0.0.1:5000"


def server_url() -> str:
    return os.environ.get("INTRADAY_URL", DEFAULT_URL)


def socket_url() -> str:
    """http becomes ws, https becomes wss."""
    return server_url().rstrip("/").replace("http", "ws", 1) + "/ws"


def length(text: str) -> timedelta:
    try:
        return duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


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


def outage(text: str) -> Outage | None:
    if text not in OUTAGES:
        raise argparse.ArgumentTypeError(f"{text!r}: write {', '.join(OUTAGES)}")
    return OUTAGES[text]


def add_outage(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--outage",
        type=outage,
        nargs="?",
        const="now",
        default=os.environ.get("INTRADAY_SIMULATE_OUTAGE") or "hourly",
        metavar="|".join(OUTAGES),
        help="a broken line of one queue: from the 20th minute of each hour (hourly), from the first minute on and then"
        " hourly (now, also without a word), or never (off); or INTRADAY_SIMULATE_OUTAGE: %(default)s",
    )


def add_server(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--url", default=server_url(), help="base address of the server (or INTRADAY_URL): %(default)s")
    add_key(parser)


def add_key(parser: argparse.ArgumentParser) -> None:
    """The key itself is never shown as a default in --help."""
    parser.add_argument("--key", default="", help="API key with scope ingest (or INTRADAY_API_KEY); none in demo mode")


def api_key(given: str) -> str:
    return given or os.environ.get("INTRADAY_API_KEY", "")
