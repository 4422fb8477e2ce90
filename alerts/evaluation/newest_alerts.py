"""The newest alerts of rules and scopes, found by index: resolved ones are many, and stay for years."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from alerts.choices import Status
from alerts.models import Alert
from alerts.rules.compiled_rule import CompiledRule
from intraday.org.scoped import chosen

AT_ONCE = 30_000
# At most one alert of a key is open, and the next one opens after the last was resolved: by the time of resolving the
# newest is the one that the index names first, whatever the number of those before.
_NEWEST = """
WITH asked (dedup_key) AS (VALUES {rows})
SELECT asked.dedup_key, (
    SELECT alert.id FROM alerts_alert alert WHERE alert.dedup_key = asked.dedup_key
    ORDER BY alert.resolved_at DESC NULLS FIRST LIMIT 1
)
FROM asked
"""


def lately_resolved(
    organization_id: str, compiled_rules: Sequence[CompiledRule], scopes: Collection[int] | None, now: datetime
) -> dict[tuple[Any, int, str], Alert]:
    """Return the last alert of each kind, rule and scope whose cooldown may not be over."""
    longest = timedelta(seconds=max(compiled.rule.cooldown_seconds for compiled in compiled_rules))
    rows = Alert.objects.filter(organization=organization_id, status=Status.RESOLVED, resolved_at__gt=now - longest)
    return {(row.rule_id, row.scope_id, row.kind): row for row in chosen(rows, scopes).order_by("resolved_at")}


def by_key(keys: Sequence[str]) -> dict[str, UUID]:
    """Return the newest alert of each key that has one, open or not."""
    found = (pair for begin in range(0, len(keys), AT_ONCE) for pair in _newest(keys[begin : begin + AT_ONCE]))
    return {key: alert if isinstance(alert, UUID) else UUID(alert) for key, alert in found if alert is not None}


def _newest(keys: Sequence[str]) -> Iterator[tuple[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(_NEWEST.format(rows=", ".join(["(%s)"] * len(keys))), keys)
        yield from cursor.fetchall()
