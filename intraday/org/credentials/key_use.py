"""The last use of keys, time and address: noted in memory by each call, stored once a minute by the hub."""

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from intraday.clock.database import clock
from intraday.org.access import Key, Principal
from intraday.org.models import ApiKey

STORE_SECONDS = 60.0
_AT_ONCE = 500
_LONGEST_ADDRESS = 45


@dataclass(frozen=True)
class _Use:
    at: datetime
    address: str


class KeyUses:
    """The newest use of each key in this process since the last `store`: at most one per key, whatever the load."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._uses: dict[int, _Use] = {}

    def note(self, principal: Principal, address: str = "") -> None:
        """Note that a caller with a key is there; without an address, the one from before holds on."""
        credential = principal.credential
        if not isinstance(credential, Key):
            return
        with self._lock:
            before = self._uses.get(credential.key)
            known = address[:_LONGEST_ADDRESS] or (before.address if before else "")
            self._uses[credential.key] = _Use(clock.now(), known)

    def store(self) -> int:
        """Store what was noted; return how many rows changed. A key that any process stored this minute is left."""
        with self._lock:
            uses, self._uses = self._uses, {}
        keys = sorted(uses)
        slices = (keys[start : start + _AT_ONCE] for start in range(0, len(keys), _AT_ONCE))
        return sum(_store({key: uses[key] for key in part}) for part in slices)


@transaction.atomic
def _store(uses: dict[int, _Use]) -> int:
    """Store these uses in two statements. Rows that another process is storing are left to it."""
    stale = Q(last_used_at=None) | Q(last_used_at__lte=clock.now() - timedelta(seconds=STORE_SECONDS))
    due = ApiKey.objects.select_for_update(skip_locked=True).filter(stale, pk__in=uses)
    rows = list(due.only("pk", "last_used_from").order_by("pk"))
    for row in rows:
        use = uses[row.pk]
        row.last_used_at, row.last_used_from = use.at, use.address or row.last_used_from
    return ApiKey.objects.bulk_update(rows, ["last_used_at", "last_used_from"]) if rows else 0


key_uses = KeyUses()
