from typing import Any

from django.core.management.base import BaseCommand

from realtime.eventlog import store


class Command(BaseCommand):
    help = (
        "Part of restoring a backup: begin new epochs, so that every client gets a snapshot instead of a wrong replay."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{store.begin_epochs()} streams begin anew; running servers notice within a second.")
