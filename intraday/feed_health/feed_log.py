"""Logging each request of a feed: how many of its rows were stored, how many refused, and why."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any

from rest_framework.exceptions import APIException, ValidationError
from rest_framework.request import Request

from intraday.clock.database import clock
from intraday.feed_health import services
from intraday.feed_health.services import Delivery
from intraday.org.access import Principal
from intraday.org.limits import TooManyError
from intraday.org.models import KeyScope
from intraday.rest.limits import throttling
from intraday.rest.permissions import enter

NONE: Mapping[int, Any] = MappingProxyType({})
WHOLE_BODY = -1


@dataclass
class FeedLogEntry:
    """The outcome of one request, filled in by the view while it works."""

    principal: Principal | None = None
    accepted: int = 0
    rejected: Mapping[int, Any] = field(default_factory=dict)
    newest: datetime | None = None
    queues: Collection[tuple[str, str]] = ()
    """The queues, each with its department, that the rows are of."""
    warnings: list[str] = field(default_factory=list)
    """Warnings about the feed as a whole, once the request is logged."""

    def took(self, principal: Principal, times: Collection[datetime], rejected: Mapping[int, Any] = NONE) -> None:
        """Note the data times of the rows that were stored, and the rows that were not, with the reasons."""
        self.principal, self.accepted, self.rejected = principal, len(times), rejected
        self.newest = max(times, default=None)


@contextmanager
def feed_log(request: Request, kind: str, *, dry_run: bool = False) -> Iterator[FeedLogEntry]:
    """Log the request when it ends, whatever becomes of it; a dry run delivers nothing and is not logged.

    A body that cannot be read is one refused row of the caller's organization. The request is worked on when it is
    its organization's turn: raises LimitReached.
    """
    entry = FeedLogEntry()
    try:
        with throttling.turn_of(request):
            yield entry
    except ValidationError as error:
        entry.principal, entry.rejected = _only_organization(request), {WHOLE_BODY: error.detail}
        raise
    except TooManyError as error:
        entry.principal, entry.rejected = _only_organization(request), {WHOLE_BODY: str(error)}
        raise
    finally:
        if not dry_run and entry.principal is not None and (entry.accepted or entry.rejected):
            delivery = Delivery(
                kind,
                entry.accepted,
                len(entry.rejected),
                entry.newest,
                _words(entry.rejected),
                frozenset(entry.queues),
            )
            entry.warnings = services.record(entry.principal, delivery, now=clock.now())


def _only_organization(request: Request) -> Principal | None:
    with suppress(APIException):
        return enter(request, None, grant=KeyScope.INGEST)
    return None


def _words(rejected: Mapping[int, Any]) -> str:
    """Return the first refusal as a person would read it: `row 3: snapshot_time: Say the zone…`."""
    if not rejected:
        return ""
    index, detail = next(iter(rejected.items()))
    return ((f"row {index}: " if index != WHOLE_BODY else "") + _flat(detail))[: services.MOST_ERROR]


def _flat(detail: Any) -> str:
    if isinstance(detail, dict):
        return "; ".join(f"{name}: {_flat(inner)}" for name, inner in detail.items())
    if isinstance(detail, list):
        return " ".join(_flat(inner) for inner in detail)
    return str(detail).replace("\0", "\ufffd")  # some messages quote what came; no database takes NUL
