from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from intraday.clock.database import clock
from intraday.embedded import demo_data
from intraday.org.models import Organization, valid_id, valid_time_zone
from intraday.org.services import add_queues, create_organization


class Command(BaseCommand):
    help = "Make an organization with its departments and queues; safe to repeat. `--demo` makes the demo's."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--demo", action="store_true", help="org_123 with its people; embedded database only")
        parser.add_argument("--organization", help="its id")
        parser.add_argument("--name")
        parser.add_argument("--time-zone", default="UTC")
        parser.add_argument(
            "--queue", action="append", default=[], metavar="DEPARTMENT/QUEUE", help="may be repeated; created too"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["demo"]:
            if not settings.EMBEDDED:
                raise CommandError("The demo's people have a printed password: they belong in the embedded database.")
            organization = demo_data.load(now=clock.now())
        elif options["organization"]:
            organization = self._create(options)
        else:
            raise CommandError("Say --organization ID or --demo.")
        self.stdout.write(f"{organization.id}: {organization.scopes.exclude(queue_name='').count()} queues")

    def _create(self, options: dict[str, Any]) -> Organization:
        try:
            return self._checked(options)
        except ValidationError as error:
            raise CommandError("; ".join(error.messages)) from error

    @transaction.atomic
    def _checked(self, options: dict[str, Any]) -> Organization:
        valid_id(options["organization"])
        valid_time_zone(options["time_zone"])
        name = options["name"] or options["organization"]
        organization = create_organization(id=options["organization"], name=name, time_zone=options["time_zone"])
        pairs = [text.partition("/") for text in options["queue"]]
        add_queues(organization, [(department, queue) for department, _, queue in pairs])
        return organization
