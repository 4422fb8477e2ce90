import os
import sys
from getpass import getpass
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from intraday.clock.database import clock
from intraday.embedded import demo_data
from intraday.org.models import Organization, Role, valid_id, valid_time_zone
from intraday.org.services import add_queues, create_organization, grant

PASSWORD = "DJANGO_SUPERUSER_PASSWORD"  # noqa: S105 - a name, the one that createsuperuser knows


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
        parser.add_argument(
            "--admin", metavar="NAME", help="its administrator; a new person is a superuser whose password is asked for"
        )
        parser.add_argument("--email", default="", help="of a new administrator, for messages about alerts")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["demo"]:
            if not settings.EMBEDDED:
                raise CommandError("The demo's people have a printed password: they belong in the embedded database.")
            organization = demo_data.load(now=clock.now())
        elif options["organization"]:
            organization = self._create(options)
        else:
            raise CommandError("Name the organization with --organization ID, or use --demo.")
        self.stdout.write(f"{organization.id}: {organization.scopes.exclude(queue_name='').count()} queues")

    def _create(self, options: dict[str, Any]) -> Organization:
        is_new = options["admin"] and not get_user_model().objects.filter(username=options["admin"]).exists()
        try:
            password = self._password() if is_new else ""
            return self._checked(options, password)
        except ValidationError as error:
            raise CommandError("; ".join(error.messages)) from error

    @transaction.atomic
    def _checked(self, options: dict[str, Any], password: str) -> Organization:
        valid_id(options["organization"])
        valid_time_zone(options["time_zone"])
        name = options["name"] or options["organization"]
        organization = create_organization(id=options["organization"], name=name, time_zone=options["time_zone"])
        pairs = [text.partition("/") for text in options["queue"]]
        add_queues(organization, [(department, queue) for department, _, queue in pairs])
        if options["admin"]:
            self._make_administrator(organization, options["admin"], options["email"], password)
        return organization

    def _make_administrator(self, organization: Organization, name: str, email: str, password: str) -> None:
        """Make the person a member: a superuser without a membership may enter the admin, and sees an empty console."""
        people = get_user_model().objects
        user = people.filter(username=name).first() or people.create_superuser(name, email, password)
        user.full_clean(exclude=["password"])
        grant(user=user, organization=organization, role=Role.ADMIN)
        self.stdout.write(f"{name}: administrator of {organization.id}")

    @staticmethod
    def _password() -> str:
        """Return the password from the environment, or ask for it. Raises ValidationError."""
        password = os.environ.get(PASSWORD, "")
        if not password and not sys.stdin.isatty():
            raise CommandError(f"There is no terminal to ask for a password on: set {PASSWORD}.")
        if not password:
            password = getpass("Password: ")
            if password != getpass("Password (again): "):
                raise CommandError("The two passwords differ; nothing was made.")
        validate_password(password)
        return password
