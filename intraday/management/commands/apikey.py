from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from intraday.clock.database import clock
from intraday.org.models import ApiKey, KeyScope, Organization
from intraday.org.services import create_api_key, revoke_keys


class Command(BaseCommand):
    help = "Make, list and revoke the API keys of feeds and readers."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        create = verbs.add_parser("create", help="make a key; its text is printed this once")
        create.add_argument("--organization", required=True)
        create.add_argument("--name", default="feed", help="which system uses it")
        create.add_argument("--scope", action="append", choices=KeyScope.values, help="may be repeated; ingest if none")
        listing = verbs.add_parser("list", help="list keys")
        listing.add_argument("--organization")
        verbs.add_parser("revoke", help="revoke a key").add_argument("prefix", help="the first characters of the key")

    def handle(self, *args: Any, verb: str, **options: Any) -> None:
        getattr(self, verb)(options)

    def create(self, options: dict[str, Any]) -> None:
        organization = Organization.objects.filter(id=options["organization"]).first()
        if organization is None:
            raise CommandError(
                f"There is no organization '{options['organization']}': `manage.py bootstrap` makes one."
            )
        try:
            key, secret = create_api_key(
                organization=organization, name=options["name"], scopes=options["scope"] or [KeyScope.INGEST]
            )
        except ValidationError as error:
            raise CommandError("; ".join(error.messages)) from error
        self.stderr.write(f"Key {key} for {organization.id}: {', '.join(key.scopes)}. It is shown only now:")
        self.stdout.write(secret)

    def list(self, options: dict[str, Any]) -> None:
        keys = ApiKey.objects.order_by("organization", "created_at")
        if options["organization"]:
            keys = keys.filter(organization=options["organization"])
        for key in keys:
            state = "revoked" if key.revoked_at else "active"
            self.stdout.write(f"{key.prefix}…  {key.organization_id}  {','.join(key.scopes)}  {state}  {key.name}")

    def revoke(self, options: dict[str, Any]) -> None:
        found = ApiKey.objects.filter(prefix__startswith=options["prefix"][:9] or "?", revoked_at=None)
        if found.count() != 1:
            raise CommandError(f"{found.count()} active keys begin with '{options['prefix'][:9]}'.")
        revoke_keys(found, now=clock.now())
        self.stdout.write("Revoked.")
