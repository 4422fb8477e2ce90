"""Many organizations of 50 queues with a key each, in the words of bench.posts (bench.scopes.tenant).

python -m bench.tenants_seed COUNT QUEUES        with DATABASE_URL, SECRET_KEY; prints {organization: key}
"""

import json
import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "intraday.settings")
django.setup()

from django.db import transaction  # noqa: E402  needs django.setup()

from bench.scopes import queues, tenant  # noqa: E402
from intraday.org.models import KeyScope  # noqa: E402
from intraday.org.services import add_queues, create_api_key, create_organization  # noqa: E402


@transaction.atomic
def seed(name: str, size: int) -> str:
    organization = create_organization(id=name, name=name)
    add_queues(organization, queues(size))
    scopes = [KeyScope.INGEST, KeyScope.READ]
    return create_api_key(organization=organization, name="bench", scopes=scopes)[1]


if __name__ == "__main__":
    count, size = map(int, sys.argv[1:])
    print(json.dumps({tenant(number): seed(tenant(number), size) for number in range(count)}))
