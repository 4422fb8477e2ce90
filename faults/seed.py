"""Tenants with queues, the default rules and a key each: python -m faults.seed TENANTS QUEUES prints {id: key}."""

import json
import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "intraday.settings")
django.setup()

from django.core.management import call_command  # noqa: E402  needs django.setup()
from django.db import transaction  # noqa: E402
from django.utils import timezone  # noqa: E402

from alerts.services import install_rules  # noqa: E402
from intraday.org.models import KeyScope  # noqa: E402
from intraday.org.services import add_queues, create_api_key, create_organization  # noqa: E402


@transaction.atomic
def seed(number: int, queues: int) -> tuple[str, str]:
    organization = create_organization(id=f"tenant{number:03}", name=f"Tenant {number}")
    add_queues(organization, [("dept_456", f"queue{queue}") for queue in range(queues)])
    install_rules(organization=organization, now=timezone.now())
    _, key = create_api_key(organization=organization, name="feed", scopes=[KeyScope.INGEST, KeyScope.READ])
    return organization.pk, key


if __name__ == "__main__":
    tenants, queues = map(int, sys.argv[1:])
    call_command("migrate", verbosity=0)
    print(json.dumps(dict(seed(number, queues) for number in range(tenants))))
