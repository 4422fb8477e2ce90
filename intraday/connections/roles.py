"""Timeouts of PostgreSQL for each kind of process: people wait for requests, nobody for a migration."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

WEB_COMMANDS = {"serve", "up", "runserver"}


class Timeouts(NamedTuple):
    """Seconds; 0 means for ever."""

    statement: int
    lock: int
    idle_in_transaction: int


WEB = Timeouts(statement=20, lock=10, idle_in_transaction=30)
WORKER = Timeouts(statement=120, lock=30, idle_in_transaction=120)
COMMAND = Timeouts(0, 0, 0)
ROLES = {"web": WEB, "realtime": WEB, "worker": WORKER, "beat": WORKER, "migrate": COMMAND, "command": COMMAND}


def role_of(arguments: Sequence[str] = sys.argv) -> str:
    """Return the role of the process with this command line: `celery …`, `manage.py serve`, `manage.py migrate`."""
    program, command = [*arguments, "", ""][:2]
    if "celery" in Path(program).parts[-2:]:  # /usr/bin/celery, or …/celery/__main__.py
        return "worker"
    by_hand = Path(program).name == "manage.py" and command not in WEB_COMMANDS
    return "command" if by_hand else "web"


# A path that swallows packets is noticed within ten seconds: while waiting for an answer by keepalives, while sending
# by tcp_user_timeout. Without them Linux takes a quarter of an hour, or two hours.
NETWORK = {
    "connect_timeout": "5",
    "keepalives": "1",
    "keepalives_idle": "4",
    "keepalives_interval": "2",
    "keepalives_count": "3",
    "tcp_user_timeout": "10000",
}


def libpq_defaults(timeouts: Timeouts, role: str) -> dict[str, str]:
    """Return the libpq parameters of a role; DATABASE_URL may override each."""
    named = {
        "statement_timeout": timeouts.statement,
        "lock_timeout": timeouts.lock,
        "idle_in_transaction_session_timeout": timeouts.idle_in_transaction,
    }
    options = " ".join(f"-c {name}={seconds * 1000}" for name, seconds in named.items())
    return NETWORK | {"options": options, "application_name": f"intraday {role}"}
