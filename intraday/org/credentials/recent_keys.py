"""API keys of REST calls: looked up once a second each, however many calls they send.

A key that is revoked, or whose organization changes, is dropped at once in the process that did it; the others ask the
database again within REMEMBERED_SECONDS, far below the five that revocation may take.
"""

from intraday.clock.database import clock
from intraday.database.recent import Recent
from intraday.org import access
from intraday.org.access import Principal, Refused
from intraday.org.services import key_digest

REMEMBERED_SECONDS = 1.0
MOST_REMEMBERED = 10_000

_recent: Recent[str, Principal] = Recent(seconds=REMEMBERED_SECONDS, most=MOST_REMEMBERED)


def principal_of(secret: str) -> Principal | Refused | None:
    """Return the caller with this key; Refused if the key has expired, None if there is no such key in force."""
    digest = key_digest(secret)
    known = _recent.get(digest)
    if known is not None and (known.expires_at is None or known.expires_at > clock.now()):
        return known
    found = access.by_api_keys([secret]).get(secret)
    if isinstance(found, Principal):
        _recent.keep({digest: found}, organization_id=found.organization.pk)
    return found
