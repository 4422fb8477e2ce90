import os
import threading
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from intraday.clock.database import clock
from intraday.embedded import demo_data
from intraday.embedded.listeners import PortTakenError, bind, is_loopback
from intraday.embedded.worker import running_jobs
from intraday.org.access import DEMO_ORGANIZATION
from intraday.org.demo import DEMO_PEOPLE, demo_password
from intraday.simulator import options as simulator_options
from intraday.simulator import simulate
from intraday.simulator.profiles import Outage
from realtime.transport import server

ADDRESSES = """
  page     {url}/
  admin    {url}/admin/     {people}
  docs     {url}/api/docs
"""
WALK_THROUGH = """
  Watch from one terminal:
    npx wscat -c {ws}/ws
    {{"event":"authenticate","data":{{"user_id":"user_123","organization_id":"{organization}"}}}}
    {{"event":"subscribe","data":{{"channels":["kpi","backlog"],"organization_id":"{organization}"}}}}
  and from another let figures be computed, here for an hour that is always the same, or post some:
    curl -X POST {url}/api/intraday/kpi/compute -H 'Content-Type: application/json' -d '{{
      "organization_id": "{organization}", "queue_name": "support", "as_of_time": "{as_of}"}}'
    curl -X POST {url}/api/schedulesbacklog/ingest -H 'Content-Type: application/json' -d '{{
      "organization_id": "{organization}", "queue_name": "support", "snapshot_time": "'$(date -u +%FT%T.999Z)'",
      "total_items": 42, "average_wait_time_minutes": 3.5, "items_over_sla": 4}}'

  DEMO: everybody who reaches this address may read and post as {organization}. Ctrl-C ends it.
"""


class Command(BaseCommand):
    help = "Everything in one process on the embedded database: HTTP, WebSocket, jobs, a simulated day (`make run`)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        simulated = os.environ.get("INTRADAY_SIMULATE", "1") != "0"
        parser.add_argument("--host", default=os.environ.get("INTRADAY_HOST", "localhost"))
        parser.add_argument("--port", type=int, default=os.environ.get("PORT", "5000"))
        parser.add_argument("--no-simulate", dest="simulated", action="store_false", default=simulated)
        simulator_options.add_outage(parser)

    def handle(self, *args: Any, host: str, port: int, simulated: bool, outage: Outage | None, **options: Any) -> None:
        if not settings.EMBEDDED:
            raise CommandError("`up` is the embedded run. With DATABASE_URL set: `manage.py serve`, a worker and beat.")
        self._decide_demo(host)
        try:
            listeners = bind(host, port)
        except PortTakenError as error:
            raise CommandError(
                f"{error} Something else runs there (on macOS often AirPlay). {another(port)}"
            ) from error
        call_command("migrate", verbosity=0)
        name = "localhost" if is_loopback(host) else host
        url = f"http://{name}:{listeners[0].getsockname()[1]}"
        if settings.DEMO:
            demo_data.load(now=clock.now())
        self._greet(url)
        with running_jobs(), self._simulation(url, outage, wanted=simulated and settings.DEMO):
            server.run(server.config(), listeners)
        self.stdout.write("Stopped.")

    def _decide_demo(self, host: str) -> None:
        """Switch the demo on for a loopback address; elsewhere it must be asked for, because it trusts anybody."""
        asked = os.environ.get("INTRADAY_DEMO")
        settings.DEMO = asked != "0" if is_loopback(host) else settings.DEMO
        if is_loopback(host):
            return
        if settings.DEMO:
            self.stderr.write(self.style.WARNING(f"Demo mode on {host}: everybody on your network is let in."))
        if "INTRADAY_ALLOWED_HOSTS" not in os.environ:
            settings.ALLOWED_HOSTS = ["*"]

    def _greet(self, url: str) -> None:
        people = (
            f"{', '.join(DEMO_PEOPLE)}; password {demo_password()}" if settings.DEMO else "manage.py createsuperuser"
        )
        text = ADDRESSES.format(url=url, people=people)
        if settings.DEMO:
            ws, as_of = url.replace("http", "ws", 1), f"{demo_data.WALK_THROUGH:%FT%TZ}"
            text += WALK_THROUGH.format(url=url, ws=ws, organization=DEMO_ORGANIZATION, as_of=as_of)
        self.stdout.write(text)
        self.stdout.flush()

    @contextmanager
    def _simulation(self, url: str, outage: Outage | None, *, wanted: bool) -> Iterator[None]:
        stop = threading.Event()
        given = {"stop": stop, "outage": outage, "say": self.stderr.write}
        thread = threading.Thread(target=simulate.run, args=(url,), kwargs=given, name="simulate")
        if wanted:
            thread.start()
        try:
            yield
        finally:
            stop.set()
            if wanted:
                thread.join(timeout=5)


def another(port: int) -> str:
    return f"Choose another: PORT={port + 1} make run"
