from argparse import ArgumentTypeError
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import QuerySet

from intraday.clock.database import clock
from intraday.management.arguments import organization_of
from intraday.org.credentials import keys
from intraday.org.models import ApiKey, KeyScope, Role
from intraday.org.services import create_api_key, revoke_keys

PREFIX = "the first characters of the key"
MOST_DAYS = 365


def instant(text: str) -> datetime:
    """Return the beginning of a day that is to come."""
    try:
        found = datetime.combine(date.fromisoformat(text), time(), UTC)
    except ValueError:
        raise ArgumentTypeError(f"'{text}' is no day such as 2027-01-31.") from None
    if found <= clock.now():
        raise ArgumentTypeError(f"{text} has begun: name a later day.")
    return found


def days(text: str) -> timedelta:
    if not text.isdecimal() or int(text) > MOST_DAYS:
        raise ArgumentTypeError(f"'{text}' is no number of days from 0 to {MOST_DAYS}.")
    return timedelta(days=int(text))


class Command(BaseCommand):
    help = "Make, list, rotate and revoke the API keys of feeds and readers."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        create = verbs.add_parser("create", help="make a key; its text is printed this once")
        create.add_argument("--organization", required=True)
        create.add_argument("--name", default="feed", help="which system uses it")
        create.add_argument("--scope", action="append", choices=KeyScope.values, help="may be repeated; ingest if none")
        create.add_argument(
            "--token-role",
            choices=Role.values,
            default=Role.VIEWER.value,
            help="with the scope token: the highest role of the tokens that it makes; viewer if left out",
        )
        create.add_argument(
            "--expires", type=instant, metavar="DAY", help="it ends when this day begins (UTC), such as 2027-01-31"
        )
        listing = verbs.add_parser("list", help="list keys")
        listing.add_argument("--organization")
        rotate = verbs.add_parser("rotate", help="make a second secret for a key; the first ends some days later")
        rotate.add_argument("prefix", help=PREFIX)
        rotate.add_argument(
            "--overlap-days", type=days, default=keys.OVERLAP, help="until the first secret ends; 7 if left out"
        )
        verbs.add_parser("revoke", help="revoke a key").add_argument("prefix", help=PREFIX)

    def handle(self, *args: Any, verb: str, **options: Any) -> None:
        getattr(self, verb)(options)

    def create(self, options: dict[str, Any]) -> None:
        organization = organization_of(options["organization"])
        try:
            key, secret = create_api_key(
                organization=organization,
                name=options["name"],
                scopes=options["scope"] or [KeyScope.INGEST],
                expires_at=options["expires"],
                token_role=options["token_role"],
            )
        except ValidationError as error:
            raise CommandError("; ".join(error.messages)) from error
        self.stderr.write(f"Key {key} for {organization.id}: {', '.join(key.scopes)}. It is shown only now:")
        self.stdout.write(secret)

    def list(self, options: dict[str, Any]) -> None:
        found = ApiKey.objects.order_by("organization", "created_at")
        if options["organization"]:
            found = found.filter(organization=options["organization"])
        for key in found:
            state, used = keys.state(key, now=clock.now()), "never used"
            if key.last_used_at is not None:
                used = f"used {key.last_used_at:%Y-%m-%d %H:%M} UTC from {key.last_used_from or 'unknown'}"
            scopes = ",".join(key.scopes)
            self.stdout.write(f"{key.prefix}…  {key.organization_id}  {scopes}  {state}  {used}  {key.name}")

    def rotate(self, options: dict[str, Any]) -> None:
        key = self._only(options["prefix"]).get()
        try:
            successor, secret = keys.rotate(key, now=clock.now(), overlap=options["overlap_days"])
        except ValidationError as error:
            raise CommandError("; ".join(error.messages)) from error
        key.refresh_from_db()
        self.stderr.write(f"{key} holds until {key.expires_at:%Y-%m-%d %H:%M} UTC.")
        self.stderr.write(f"Its successor {successor} is shown only now:")
        self.stdout.write(secret)

    def revoke(self, options: dict[str, Any]) -> None:
        revoke_keys(self._only(options["prefix"]), now=clock.now())
        self.stdout.write("Revoked.")

    def _only(self, prefix: str) -> QuerySet[ApiKey]:
        """Return the one key that begins so and is not revoked. Raises CommandError."""
        found = ApiKey.objects.filter(prefix__startswith=prefix[:9] or "?", revoked_at=None)
        if found.count() != 1:
            raise CommandError(f"{found.count()} active keys begin with '{prefix[:9]}'.")
        return found
