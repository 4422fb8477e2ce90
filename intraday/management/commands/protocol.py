import json
from typing import Any

from django.core.management.base import BaseCommand

from intraday.channels import CHANNELS
from realtime.protocol.json_schema import json_schema


class Command(BaseCommand):
    help = "Print the messages of /ws as JSON Schema (clients/typescript/protocol.schema.json; `make types` writes it)."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(json.dumps(json_schema(CHANNELS), indent=2))
