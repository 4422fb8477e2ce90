"""An organization with its queues and a key, once per run.

python -m bench.seed        with DATABASE_URL, SECRET_KEY; prints {"key": …}
"""

import json
import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "intraday.settings")
django.setup()

from django.core.management import call_command  # noqa: E402  needs django.setup()
from django.db import transaction  # noqa: E402

from bench.scopes import ORGANIZATION, queues  # noqa: E402
from intraday.org.models import KeyScope  # noqa: E402
from intraday.org.services import add_queues, create_api_key, create_organization  # noqa: E402
from tests.midday import midday_zone  # noqa: E402


@transaction.atomic
def seed() -> str:
    organization = create_organization(id=ORGANIZATION, name="Bench", time_zone=midday_zone())
    add_queues(organization, queues(5000))
    _, key = create_api_key(organization=organization, name="bench", scopes=[KeyScope.INGEST, KeyScope.READ])
    return key


if __name__ == "__main__":
    call_command("migrate", verbosity=0)
    print(json.dumps({"key": seed()}))
