"""Neighbours with a rule, a key and a person each; and, if asked, one tenant that is at its limits.

python -m bench.starving_seed NEIGHBOURS BIG_QUEUES        with DATABASE_URL, SECRET_KEY; BIG_QUEUES 0: nobody is big
prints {organization: key}
"""

import json
import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "intraday.settings")
django.setup()

from django.contrib.auth.models import User  # noqa: E402  needs django.setup()
from django.core.management import call_command  # noqa: E402
from django.db import transaction  # noqa: E402
from django.utils import timezone  # noqa: E402

from alerts.evaluation.changes import SYSTEM, Actor  # noqa: E402
from alerts.rule_services import create_rule  # noqa: E402
from bench.scopes import queues  # noqa: E402
from bench.starving_scenario import BIG, BIG_SOCKETS, NEIGHBOUR_QUEUES, PASSWORD, RULE, neighbour  # noqa: E402
from intraday.org.models import KeyScope, Organization  # noqa: E402
from intraday.org.services import add_queues, create_api_key, create_organization, grant  # noqa: E402


@transaction.atomic
def seed(name: str, count: int) -> str:
    organization = create_organization(id=name, name=name)
    add_queues(organization, queues(count))
    create_rule(organization=organization, fields=RULE, actor=Actor(SYSTEM), now=timezone.now())
    user = User.objects.create_user(f"{name}.person", password=PASSWORD)
    grant(user=user, organization=organization)
    _, key = create_api_key(organization=organization, name="bench", scopes=[KeyScope.INGEST, KeyScope.READ])
    return key


if __name__ == "__main__":
    neighbours, big_queues = map(int, sys.argv[1:])
    call_command("migrate", verbosity=0)
    keys = {neighbour(number): seed(neighbour(number), NEIGHBOUR_QUEUES) for number in range(neighbours)}
    if big_queues:
        keys[BIG] = seed(BIG, big_queues)
        limits = {"limit_connections": BIG_SOCKETS, "limit_connections_per_credential": BIG_SOCKETS}
        Organization.objects.filter(pk=BIG).update(limit_queues=big_queues, **limits)
    print(json.dumps(keys))
