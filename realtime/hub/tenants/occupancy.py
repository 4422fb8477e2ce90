"""Limits of connections: those of this process are counted as they come and go, those of others by their last reports.

Reports are a few seconds old, so that processes to which clients come at the same moment may together pass a limit: by
what each of them may still take, once, and never by more.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping

from intraday.org.access import Principal
from intraday.org.limits import limit_of, refusals
from intraday.org.models import Organization
from realtime.hub.rights import RefusedError
from realtime.protocol.messages import Close

ALL = ""  # of an organization, over all its callers
FEWEST_TOLD = 10  # credentials with fewer connections in a process are not told to the others: there may be thousands

Occupied = Mapping[str, Mapping[str, int]]
"""Numbers of connections by organization and, in it, by credential."""


def _credential(principal: Principal) -> str:
    """Return the caller as reports spell it: they shall hold no names."""
    return hashlib.blake2b(principal.counted_as.encode(), digest_size=8).hexdigest()


class Occupancy:
    def __init__(self) -> None:
        self._here: dict[str, Counter[str]] = {}
        self._others: dict[str, Counter[str]] = {}

    def check(self, principal: Principal, before: Principal | None) -> None:
        """Raise RefusedError where this caller would be one connection too many. `before`: who it was until now."""
        organization = principal.organization
        if before is None or before.organization != organization:
            self._check_one(organization, ALL, "connections", "This organization")
        if before is None or (before.organization, before.counted_as) != (organization, principal.counted_as):
            self._check_one(organization, _credential(principal), "connections_per_credential", "This key or person")

    def _check_one(self, organization: Organization, credential: str, name: str, who: str) -> None:
        allowed = limit_of(organization, name)
        if self._count(organization.pk, credential) < allowed:
            return
        refusals.note(organization, name)
        message = f"{who} has as many sockets and event streams as it may have: {allowed:,} ({name})."
        raise RefusedError("limit_reached", message, close=Close.TOO_FAST)

    def _count(self, organization: str, credential: str) -> int:
        return sum(counts[organization][credential] for counts in (self._here, self._others) if organization in counts)

    def replace(self, before: Principal | None, after: Principal | None) -> None:
        """Count a connection of this process for another caller; None: for nobody."""
        if before is not None:
            self._add(before, -1)
        if after is not None:
            self._add(after, 1)

    def _add(self, principal: Principal, amount: int) -> None:
        counts = self._here.setdefault(principal.organization.pk, Counter())
        for credential in (ALL, _credential(principal)):
            counts[credential] += amount
            if not counts[credential]:
                del counts[credential]
        if not counts:
            del self._here[principal.organization.pk]

    def report(self) -> dict[str, dict[str, int]]:
        """Return what the other processes have to know."""
        return {
            organization: {who: count for who, count in counts.items() if who == ALL or count >= FEWEST_TOLD}
            for organization, counts in self._here.items()
        }

    def hear(self, reports: Iterable[Occupied]) -> None:
        """Take the last reports of the other processes that are alive."""
        found: dict[str, Counter[str]] = {}
        for report in reports:
            for organization, counts in report.items():
                found.setdefault(organization, Counter()).update(counts)
        self._others = found
