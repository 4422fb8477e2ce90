"""Print what ends the growth of each table, {table: text}, from the product's own registry: python -m faults.kept."""

import json
import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "intraday.settings")
django.setup()

from django.apps import apps  # noqa: E402  needs django.setup()

from intraday.retention.registry import BOUNDED, PURGES  # noqa: E402


def table(name: str) -> str:
    return apps.get_model(name)._meta.db_table


if __name__ == "__main__":
    purged = {table(name): f"purged by {purge.name!r}" for purge in PURGES for name in purge.tables}
    print(json.dumps({table(name): why for name, why in BOUNDED.items()} | purged))
