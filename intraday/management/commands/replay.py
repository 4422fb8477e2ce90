import random
import sys
from argparse import ArgumentParser
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console

from intraday.api_client import options
from intraday.api_client.client import Poster
from intraday.api_client.signals import stop_on_signals
from intraday.replay import options as replay_options
from intraday.replay import table, terminal_report
from intraday.replay.adapters import bank, incidents, presence
from intraday.replay.replay import Replay, shift_to
from intraday.replay.timeline import LogError, RecordedLog, Target, Window

ADAPTERS: dict[str, ModuleType] = {"incidents": incidents, "bank": bank, "presence": presence}
INTERRUPTED = 130


class Command(BaseCommand):
    help = "Posts a real log to the API as its system would have done (docs/replay.md)."
    requires_system_checks: list[str] = []  # a client: it needs no database and no settings of the server

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_log(parser)
        options.add_server(parser)
        parser.add_argument("--organization", default="org_123")
        parser.add_argument("--department", default="", help="instead of the adapter's own")
        parser.add_argument(
            "--speed", type=replay_options.speed, default="max", help="log seconds a second, or max (default)"
        )
        parser.add_argument("--patience", type=options.length, default=timedelta(minutes=2), help="for one request: 2m")
        times = parser.add_mutually_exclusive_group()
        times.add_argument(
            "--as-of", action="store_true", help="keep the times of the log, and compute KPIs for them (default)"
        )
        times.add_argument("--shift-to-now", action="store_true", help="move the whole log so that it ends now")

    def handle(self, *_args: Any, **given: Any) -> None:
        try:
            recorded = read(given)
        except LogError as error:
            raise CommandError(str(error)) from error
        sys.exit(post(recorded, given, Console(markup=False, highlight=False)))


def add_log(parser: ArgumentParser) -> None:
    parser.add_argument("adapter", nargs="?", choices=sorted(ADAPTERS), help="how to read PATH")
    parser.add_argument("path", nargs="?", type=Path)
    parser.add_argument("--csv", type=Path, help="a table of your own, with --map")
    parser.add_argument("--map", type=Path, help="TOML or JSON: which column is which field")
    parser.add_argument("--every", type=options.length, help="grid of times: 15m for incidents, else 5m")
    parser.add_argument("--age-limit", type=options.length, help="older items are over SLA (bank: 20s)")
    parser.add_argument(
        "--first-day", type=replay_options.day, help="presence: the date of the log's first day, 2026-09-14"
    )
    parser.add_argument(
        "--from", dest="start", type=replay_options.moment, help="local time of the log, or with an offset"
    )
    parser.add_argument("--to", dest="end", type=replay_options.moment)


def read(given: dict[str, Any]) -> RecordedLog:
    window = Window(given["start"], given["end"])
    if given["csv"] and given["map"] and not given["adapter"]:
        if given["every"] or given["age_limit"] or given["first_day"]:
            raise CommandError("--every, --age-limit and --first-day belong to the adapters: a table has its own times")
        own = Target(given["organization"], given["department"])
        return table.read(given["csv"], given["map"], target=own, window=window)
    if not given["path"] or given["csv"] or given["map"]:
        raise CommandError("name one log: incidents PATH, bank PATH, presence PATH, or --csv FILE with --map FILE")
    adapter = ADAPTERS[given["adapter"]]
    target = Target(given["organization"], given["department"] or adapter.DEPARTMENT)
    extra = {"first_day": given["first_day"]} if given["first_day"] else {}
    if extra and adapter is not presence:
        raise CommandError("--first-day is for presence: the other logs have dates")
    every, age_limit = given["every"] or adapter.EVERY, given["age_limit"]
    common = {"target": target, "every": every, "window": window, "age_limit": age_limit}
    recorded: RecordedLog = adapter.read(given["path"], **common, **extra)
    return recorded


def post(recorded: RecordedLog, given: dict[str, Any], console: Console) -> int:
    """Return the exit code: 0; 1 if a line was bad, a row rejected or never delivered; 130 if interrupted."""
    patience = given["patience"].total_seconds()
    shift = shift_to(recorded, datetime.now(UTC)) if given["shift_to_now"] else timedelta()
    with (
        stop_on_signals() as stop,
        Poster(given["url"], options.api_key(given["key"]), patience, stop, console.print, random.Random()) as poster,
        terminal_report.progress(console, recorded) as progress,
    ):
        replay = Replay(recorded, poster, given["speed"], shift, progress, stop)
        replay.run()
    terminal_report.closing_report(console, replay)
    if stop.is_set():
        console.print("interrupted: the counts are those so far")
        return INTERRUPTED
    return 0 if replay.stats.clean() and not recorded.problems else 1
