import os
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from rich.console import Console
from rich.markup import escape

from intraday.api_client import listen_format, options
from intraday.api_client.listen import EndedError, Listener, ReaderGoneError, Request
from intraday.api_client.sequence_check import Message, SequenceCheck
from intraday.api_client.signals import stop_on_signals

QUIET = {"welcome", "authenticated", "heartbeat", "pong"}
SHOWN_FINDINGS = 10


class Command(BaseCommand):
    help = "Prints the events of a scope as they come, and checks that none is missing or came twice."
    requires_system_checks: list[str] = []  # a client: it needs no database and no settings of the server

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--url", default=options.socket_url(), help="address of the socket: %(default)s")
        parser.add_argument("--channels", default="backlog", help="comma list of kpi backlog attendance alerts system")
        parser.add_argument("--organization", default="org_123")
        parser.add_argument("--department", default="")
        parser.add_argument("--queue", default="")
        parser.add_argument("--user", default="listener", help="name in demo mode")
        parser.add_argument("--token", default="", help="API key with scope read, or a token")
        parser.add_argument("--json", action="store_true", help="every message as it came, one a line")
        parser.add_argument("--count", type=int, help="end after so many events")
        parser.add_argument("--seconds", type=float, default=float("inf"), help="end after so many seconds")
        parser.add_argument("--check", action="store_true", help="exit 1 on a gap or a duplicate")

    def handle(self, *_args: Any, **given: Any) -> None:
        heard = print_raw if given["json"] else Screen(Console(highlight=False))
        notes = Console(stderr=True, highlight=False, soft_wrap=True)
        with stop_on_signals() as stop:
            listener = Listener(
                given["url"],
                request(given),
                heard,
                lambda text: notes.print(escape(text)),
                stop,
                given["seconds"],
                given["count"],
            )
            sys.exit(listen(listener, notes, check=given["check"]))


def request(given: dict[str, Any]) -> Request:
    channels = [channel.strip() for channel in given["channels"].split(",") if channel.strip()]
    scope = given["organization"], given["department"], given["queue"]
    return Request(channels, *scope, user=given["user"], token=given["token"])


class Screen:
    def __init__(self, console: Console) -> None:
        self._console = console

    def __call__(self, _text: str, message: Message) -> None:
        if message.get("event") not in QUIET:
            self._console.print(listen_format.format_message(message), soft_wrap=True)


def print_raw(text: str, _message: Message) -> None:
    try:
        sys.stdout.write(text.replace("\n", " ") + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the interpreter's own flush complains
        raise ReaderGoneError from None


def listen(listener: Listener, notes: Console, *, check: bool) -> int:
    ended = False
    try:
        listener.run()
    except EndedError as error:
        notes.print(escape(str(error)))
        ended = True
    except ReaderGoneError:
        pass
    report(listener.sequences, notes)
    return 1 if ended or (check and not listener.sequences.sound()) else 0


def report(sequences: SequenceCheck, notes: Console) -> None:
    for name, count in sorted(sequences.events.items()):
        notes.print(f"{count:>8}  {escape(name)}")
    for stream, count in sorted(sequences.per_stream.items()):
        notes.print(f"{count:>8}  {escape(stream)}, last {escape(str(sequences.positions[stream]))}")
    for finding in sequences.findings[:SHOWN_FINDINGS]:
        notes.print(f"          {escape(finding)}")
    contiguous = "no gap, no duplicate" if sequences.whole else "no duplicate (a part of a stream has no gaps to tell)"
    verdict = contiguous if sequences.sound() else f"{sequences.missing} missing, {sequences.duplicates} came twice"
    notes.print(f"{sequences.events.total()} events, {sequences.replayed} replayed: {verdict}")
