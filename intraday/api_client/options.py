"""Command line options of all commands that are clients of the API."""

import argparse
import os
import re
from datetime import timedelta

DEFAULT_URL = "http://127.0.0.1:5000"
UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def server_url() -> str:
    return os.environ.get("INTRADAY_URL", DEFAULT_URL)


def socket_url() -> str:
    """http becomes ws, https becomes wss."""
    return server_url().rstrip("/").replace("http", "ws", 1) + "/ws"


def duration(text: str) -> timedelta:
    """Return the length of `30s`, `15m`, `1h` or `1d`; a bare number is seconds.

    Raises ValueError for anything else, and for a length of zero.
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd]?)", text.strip())
    if not match or not float(match[1]):
        raise ValueError(f"{text!r} is not a length of time: write 30s, 15m or 1h")
    return timedelta(seconds=float(match[1]) * UNIT_SECONDS[match[2] or "s"])


def length(text: str) -> timedelta:
    try:
        return duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def add_server(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--url", default=server_url(), help="base address of the server (or INTRADAY_URL): %(default)s")
    add_key(parser)


def add_key(parser: argparse.ArgumentParser) -> None:
    """The key itself is never shown as a default in --help."""
    parser.add_argument("--key", default="", help="API key with scope ingest (or INTRADAY_API_KEY); none in demo mode")


def api_key(given: str) -> str:
    return given or os.environ.get("INTRADAY_API_KEY", "")
