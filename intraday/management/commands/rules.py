from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from alerts import services
from intraday.clock.database import clock
from intraday.management.arguments import organization_of


class Command(BaseCommand):
    help = "Alert rules: install the default pack."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        install = verbs.add_parser("install", help="add the default rules that the organization has not had yet")
        install.add_argument("--organization", required=True)
        install.add_argument(
            "--renew",
            action="store_true",
            help="also bring default rules that nobody has edited to the terms of this version",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        organization = organization_of(options["organization"])
        now = clock.now()
        made = services.install_rules(organization=organization, now=now)
        renewed = services.renew_rules(organization=organization, now=now) if options["renew"] else []
        for rule in made:
            self.stdout.write(f"{rule.severity:8}  {rule.name}")
        for rule in renewed:
            self.stdout.write(f"{rule.severity:8}  {rule.name} (renewed)")
        if not made and not renewed:
            self.stdout.write("Nothing to add: it has, or had, every rule of the pack.")
