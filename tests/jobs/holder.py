"""A process that wants a lease, says whether it has it, and keeps it until its input ends.

python -m tests.jobs.holder kpi org_123 60
"""

import sys

import django

if __name__ == "__main__":
    django.setup()
    from intraday.jobs.leases import lease

    job, organization, seconds = sys.argv[1:]
    with lease(job, organization, seconds=float(seconds)) as held:
        sys.stdout.write("held\n" if held else "refused\n")
        sys.stdout.flush()
        if held:
            sys.stdin.read()
