from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from intraday.clock.database import clock
from intraday.org.models import Organization
from intraday.retention import organizations


class Command(BaseCommand):
    help = "Delete an organization with everything that belongs to it. Without --yes the command only lists it."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        delete = verbs.add_parser("delete", help="delete an organization")
        delete.add_argument("organization", help="its id")
        delete.add_argument("--yes", action="store_true", help="do it; there is no way back but a backup")

    def handle(self, *args: Any, **options: Any) -> None:
        organization = Organization.objects.filter(pk=options["organization"]).first()
        if organization is None:
            raise CommandError(f"There is no organization '{options['organization']}'.")
        accounts = organizations.without_other_organization(organization)
        if options["yes"]:
            self._print(organizations.delete(organization, now=clock.now()))
        else:
            self._print(organizations.count(organization))
            self.stdout.write("Nothing was deleted: add --yes to do it.")
        if accounts:
            names = ", ".join(accounts)
            self.stdout.write(
                f"Accounts that are members of no other organization stay; delete them in the admin: {names}"
            )

    def _print(self, rows: organizations.Counts) -> None:
        for table, count in rows.items():
            self.stdout.write(f"{count:>10,}  {table}")
