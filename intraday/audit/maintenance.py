"""Purges and erasures, which alone change or delete entries of the audit log."""

from django.db import connection

SETTING = "intraday.audit"
PERMITTED = "maintained"


def permit() -> None:
    """Let the rest of the running transaction change and delete entries, which PostgreSQL refuses otherwise."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config(%s, %s, true)", [SETTING, PERMITTED])
