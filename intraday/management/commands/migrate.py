"""Django's `migrate`, repeated where its locks and those of processes at work met in a deadlock.

A migration alters several tables in one transaction while the release before reads and writes them. PostgreSQL ends one
of two transactions that wait for each other; where it is the migration, nothing of it is done, and it can begin again.
"""

import time
from typing import Any

from django.core.management.commands import migrate
from django.db import OperationalError

from intraday.connections.database import sqlstate

AGAIN = {"40P01": "deadlock", "55P03": "lock timeout"}
PAUSES = (1.0, 2.0, 4.0, 8.0, 16.0)  # seconds


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        for pause in PAUSES:
            try:
                return self._migrate(*args, **options)
            except OperationalError as error:
                reason = AGAIN.get(sqlstate(error))
                if reason is None:
                    raise
                self.stderr.write(
                    f"A process at work holds a lock ({reason}); the migration begins again in {pause:g} s."
                )
                time.sleep(pause)
        return self._migrate(*args, **options)

    def _migrate(self, *args: Any, **options: Any) -> None:
        super().handle(*args, **options)
