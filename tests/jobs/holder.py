"""A process that wants a lease, says whether it has it, and keeps it until its input ends.

python -m tests.jobs.holder kpi org_123 60
python -m tests.jobs.holder kpi org_123 60 writing    # renames the organization in a transaction of the lease
"""

import os
import sys

import django


def say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def write(held: "HeldLease") -> None:
    """Begin, wait for a line, then write and commit; say how that ended."""
    from django.db import DatabaseError

    from intraday.org.models import Organization

    try:
        with held.transaction():
            Organization.objects.filter(pk=held.organization_id).update(name="stopped")
            say("written")
            sys.stdin.readline()
        say("committed")
    except LeaseLostError:
        say("lost")
    except DatabaseError:
        say("ended")  # by the database, as idle in a transaction


if __name__ == "__main__":
    django.setup()
    from intraday.jobs import leases
    from intraday.jobs.leases import HeldLease, LeaseLostError, lease

    leases.STOPPED_SECONDS = float(os.environ.get("STOPPED_SECONDS", leases.STOPPED_SECONDS))
    job, organization, seconds, *mode = sys.argv[1:]
    with lease(job, organization, seconds=float(seconds)) as held:
        say("held" if held else "refused")
        if held and "before" in mode:
            sys.stdin.readline()
        if held and "writing" in mode:
            write(held)
        if held:
            sys.stdin.read()
