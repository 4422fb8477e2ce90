from typing import Any

from django.core.management.base import BaseCommand, CommandError

from alerts.notifications import at_rest


class Command(BaseCommand):
    help = (
        "Encrypt stored secrets with the present SECRET_KEY: before a former one leaves SECRET_KEY_FALLBACKS, and "
        "after an upgrade from a version that stored them in plain. Safe to repeat."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        outcome = at_rest.encrypt_all()
        self.stdout.write(f"{outcome.changed} channels encrypted anew.")
        if outcome.unreadable:
            raise CommandError(
                "Encrypted with a SECRET_KEY that is not known here: set addresses and secrets anew in the admin, or "
                f"add that key to SECRET_KEY_FALLBACKS: {', '.join(outcome.unreadable)}."
            )
