"""`python -m intraday_client tail`: prints what happens, one event a line."""

import argparse
import json
import sys
from dataclasses import asdict
from datetime import datetime

from intraday_client.client import Client
from intraday_client.listener import Listener
from intraday_client.protocol import AnyEvent
from intraday_client.signals import call_on_signals

CHANNELS = ["kpi", "backlog", "attendance", "alerts", "system", "custom"]
LONGEST = 160  # characters of an event's data


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("channels", nargs="*", metavar="CHANNEL", help=f"of {', '.join(CHANNELS)} (default: backlog)")
    parser.add_argument("--organization", default="org_123", help="whose events (default: %(default)s)")
    parser.add_argument("--department", default="")
    parser.add_argument("--queue", default="")
    parser.add_argument("--json", action="store_true", help="whole events as JSON, one a line")
    parser.add_argument("--count", type=int, help="end after so many events, snapshots not counted")


def run(options: argparse.Namespace) -> int:
    with Client(options.url, options.key) as client:
        listener = client.listen(
            options.channels or ["backlog"],
            organization=options.organization,
            department=options.department,
            queue=options.queue,
        )
        with call_on_signals(listener.close):
            _print(listener, options)
    return 0


def _print(listener: Listener, options: argparse.Namespace) -> None:
    printed = 0
    for event in listener:
        sys.stdout.write((json.dumps(asdict(event), ensure_ascii=False) if options.json else line(event)) + "\n")
        sys.stdout.flush()
        printed += not event.event.endswith(":snapshot")
        if options.count is not None and printed >= options.count:
            listener.close()
            return


def line(event: AnyEvent) -> str:
    """Return time (of the reader's zone), event, place and data."""
    data = dict(event.data)
    place = "/".join(str(data.pop(name)) for name in ("organization_id", "department_id", "queue_name") if name in data)
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    shown = text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
    clock = datetime.fromisoformat(event.ts).astimezone().strftime("%H:%M:%S") if event.ts else "--:--:--"
    return f"{clock}  {event.event:<20}  {place:<28}  {shown}"
