from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from intraday.api_client import options
from intraday.api_client.client import Answer
from intraday.api_client.rows import Row
from intraday.api_client.signals import stop_on_signals
from intraday.simulator import options as simulator_options
from intraday.simulator import simulate


class Command(BaseCommand):
    help = "Posts a plausible day of the demo organization through the API until stopped: so far, then live."
    requires_system_checks: list[str] = []  # a client: it needs no database and no settings of the server

    def add_arguments(self, parser: ArgumentParser) -> None:
        options.add_server(parser)
        parser.add_argument("--organization", default="org_123")
        parser.add_argument("--every", type=options.length, default=timedelta(seconds=5), help="default 5s")
        parser.add_argument("--seed", type=int, default=7, help="the same seed, the same story (default 7)")
        simulator_options.add_outage(parser)

    def handle(self, *_args: Any, **given: Any) -> None:
        self.stdout.write(f"simulating {given['organization']} at {given['url']}; Ctrl-C ends it")
        with stop_on_signals() as stop:
            served = simulate.run(
                given["url"],
                stop=stop,
                seed=given["seed"],
                every=given["every"].total_seconds(),
                organization=given["organization"],
                key=options.api_key(given["key"]),
                outage=given["outage"],
                say=self.stderr.write,
                posted=self._posted if given["verbosity"] > 1 else simulate.unwatched,
            )
        if not served:
            raise CommandError("the server did not come up")

    def _posted(self, kind: str, rows: list[Row], answer: Answer) -> None:
        self.stdout.write(f"{kind}: {len(rows)} rows, {len(answer.results)} taken")
