"""Organizations with the same queues and rules each, and new facts of them.

python -m bench.wide_seed fill ORGANIZATIONS QUEUES        with DATABASE_URL, SECRET_KEY
python -m bench.wide_seed post ORGANIZATIONS MARKED        new facts, in so many queues of each
"""

import json
import sys

from bench.kpis import fill, post  # first: it sets Django up

# ruff: isort: split
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models import Model
from django.utils import timezone

from alerts.services import install_rules
from bench.scopes import queues
from intraday.feed_health.models import Feed
from intraday.jobs import dirty
from intraday.org.models import Organization, Scope
from intraday.org.services import add_queues, create_organization
from kpi.models import ForecastInterval, IntervalFeed, IntervalStats, QueueSettings

COPIED: tuple[type[Model], ...] = (QueueSettings, IntervalFeed, ForecastInterval, IntervalStats)


@transaction.atomic
def fill_all(count: int, size: int) -> None:
    """Fill one organization, and copy its rows to the queues of the same names in the others."""
    now = timezone.now()
    model = fill(size, bench="wide", noon=now)
    others = [create_organization(id=f"org_wide_copy_{number}", name="Bench") for number in range(1, count)]
    for organization in others:
        add_queues(organization, queues(size))
    for rows in COPIED:
        _copy(rows, model)
    for organization in (model, *others):
        install_rules(organization=organization, now=now)
    # Without a feed nothing would be known of them, and the round would leave them alone.
    Feed.objects.bulk_create(
        [Feed(organization=each, source="bench", kind="kpi", last_received_at=now) for each in (model, *others)]
    )


def _copy(rows: type[Model], model: Organization) -> None:
    meta = rows._meta
    names = [f'"{field.column}"' for field in meta.concrete_fields if field.column not in ("id", "scope_id")]
    copied = ", ".join(names)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""INSERT INTO {meta.db_table} (scope_id, {copied})
            SELECT there.id, {copied} FROM {meta.db_table} rows
            JOIN org_scope here ON here.id = rows.scope_id AND here.organization_id = %s
            JOIN org_scope there ON there.organization_id <> %s AND there.department_id = here.department_id
                AND there.queue_name = here.queue_name""",
            [model.pk, model.pk],
        )


@transaction.atomic
def post_all(count: int, marked: int) -> None:
    now = timezone.now()
    for organization in Organization.objects.filter(pk__startswith="org_wide_").order_by("pk")[:count]:
        post(organization, now)
        scopes = Scope.objects.filter(organization=organization).exclude(queue_name="").order_by("pk")
        dirty.mark(list(scopes[:marked]), now=now)


if __name__ == "__main__":
    what, organizations, number = sys.argv[1], *map(int, sys.argv[2:])
    if what == "fill":
        call_command("migrate", verbosity=0)
        fill_all(organizations, number)
    else:
        post_all(organizations, number)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    print(json.dumps({"organizations": organizations}))
