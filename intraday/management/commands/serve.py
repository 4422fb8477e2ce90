from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from realtime.transport import server


class Command(BaseCommand):
    help = "Serve HTTP and WebSocket from one process, for production behind a proxy; jobs run elsewhere."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=5000)

    def handle(self, *args: Any, host: str, port: int, **options: Any) -> None:
        server.run(server.config(host=host, port=port))
