"""Command line options of the commands that simulate a day."""

import argparse
import os

from intraday.simulator.profiles import OUTAGES, Outage


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
