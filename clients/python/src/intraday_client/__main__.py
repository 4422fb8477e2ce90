"""`python -m intraday_client`, and the command `intraday-client`."""

import argparse
import logging
import os
import sys
from collections.abc import Sequence

from intraday_client import tail
from intraday_client.connectors import feed
from intraday_client.errors import IntradayError


def main(words: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(words)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    try:
        return int(options.run(options))
    except IntradayError as error:
        sys.stderr.write(f"{error}\n")
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="intraday-client", description=__doc__)
    commands = parser.add_subparsers(required=True)
    tailing = commands.add_parser("tail", help="print what happens, one event a line")
    url = os.environ.get("INTRADAY_URL", "http://127.0.0.1:5000")
    tailing.add_argument("--url", default=url, help="address of the server (or INTRADAY_URL; default: %(default)s)")
    key = os.environ.get("INTRADAY_API_KEY", "")
    tailing.add_argument("--key", default=key, help="key of scope read (or INTRADAY_API_KEY); none in demo mode")
    tail.add_arguments(tailing)
    tailing.set_defaults(run=tail.run)
    feeding = commands.add_parser("feed", help="read what another system writes, and post it")
    feed.add_arguments(feeding)
    feeding.set_defaults(run=feed.run)
    return parser


if __name__ == "__main__":
    sys.exit(main())
