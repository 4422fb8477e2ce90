from typing import Any

from django.core.management.base import BaseCommand, CommandError

from alerts.notifications import at_rest as channels
from intraday.sign_in import at_rest as sign_in


class Command(BaseCommand):
    help = (
        "Encrypt stored secrets with the present SECRET_KEY: before a former one leaves SECRET_KEY_FALLBACKS, and "
        "after an upgrade from a version that stored them in plain. Safe to repeat."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        outcome = channels.encrypt_all()
        changed, unreadable = sign_in.encrypt_all()
        self.stdout.write(f"{outcome.changed} channels encrypted anew.")
        self.stdout.write(f"{changed} identity providers and second factors encrypted anew.")
        if unreadable := [*outcome.unreadable, *unreadable]:
            raise CommandError(
                "Encrypted with a SECRET_KEY that is not known here: set these secrets anew in the admin, or add that "
                f"key to SECRET_KEY_FALLBACKS: {', '.join(unreadable)}."
            )
