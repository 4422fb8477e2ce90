"""Organizations of a few and of many queues with a key each, for the rows about single posts.

python -m bench.posts_seed SIZE…        with DATABASE_URL or INTRADAY_VAR, SECRET_KEY; prints {size: key}
"""

import json
import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "intraday.settings")
django.setup()

from django.core.management import call_command  # noqa: E402  needs django.setup()
from django.db import transaction  # noqa: E402

from bench.scopes import of_size, queues  # noqa: E402
from intraday.org.models import KeyScope  # noqa: E402
from intraday.org.services import add_queues, create_api_key, create_organization  # noqa: E402
from tests.midday import midday_zone  # noqa: E402


@transaction.atomic
def seed(size: int) -> str:
    organization = create_organization(id=of_size(size), name=f"{size} queues", time_zone=midday_zone())
    add_queues(organization, queues(size))
    _, key = create_api_key(organization=organization, name="bench", scopes=[KeyScope.INGEST])
    return key


if __name__ == "__main__":
    call_command("migrate", verbosity=0)
    print(json.dumps({size: seed(int(size)) for size in sys.argv[1:]}))
