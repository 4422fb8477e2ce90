"""Booking a request of a feed, whatever becomes of it."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any

from django.utils import timezone
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.request import Request

from intraday.intake import services
from intraday.intake.services import Delivery
from intraday.org.access import Principal
from intraday.org.models import KeyScope
from intraday.rest.permissions import enter

NONE: Mapping[int, Any] = MappingProxyType({})
WHOLE_BODY = -1


@dataclass
class Booking:
    """What the view learns while it works."""

    principal: Principal | None = None
    accepted: int = 0
    rejected: Mapping[int, Any] = field(default_factory=dict)
    newest: datetime | None = None
    queues: Collection[tuple[str, str]] = ()
    """The queues, each with its department, that the rows are of."""
    warnings: list[str] = field(default_factory=list)
    """Of the feed as a whole, once the request is booked."""

    def took(self, principal: Principal, times: Collection[datetime], rejected: Mapping[int, Any] = NONE) -> None:
        """Rows of these data times were stored, those were not, and why."""
        self.principal, self.accepted, self.rejected = principal, len(times), rejected
        self.newest = max(times, default=None)


@contextmanager
def booked(request: Request, kind: str, *, dry_run: bool = False) -> Iterator[Booking]:
    """Book the request when it ends, unless it is a dry run, which delivers nothing.

    A body that cannot be read is one refused row of the caller's organization.
    """
    booking = Booking()
    try:
        yield booking
    except ValidationError as error:
        booking.principal, booking.rejected = _only_organization(request), {WHOLE_BODY: error.detail}
        raise
    finally:
        if not dry_run and booking.principal is not None and (booking.accepted or booking.rejected):
            delivery = Delivery(
                kind,
                booking.accepted,
                len(booking.rejected),
                booking.newest,
                _words(booking.rejected),
                frozenset(booking.queues),
            )
            booking.warnings = services.record(booking.principal, delivery, now=timezone.now())


def _only_organization(request: Request) -> Principal | None:
    with suppress(APIException):
        return enter(request, None, grant=KeyScope.INGEST)
    return None


def _words(rejected: Mapping[int, Any]) -> str:
    """The first refusal, as a person would read it: `row 3: snapshot_time: Say the zone…`."""
    if not rejected:
        return ""
    index, detail = next(iter(rejected.items()))
    return (f"row {index}: " if index != WHOLE_BODY else "") + _flat(detail)


def _flat(detail: Any) -> str:
    if isinstance(detail, dict):
        return "; ".join(f"{name}: {_flat(inner)}" for name, inner in detail.items())
    if isinstance(detail, list):
        return " ".join(_flat(inner) for inner in detail)
    return str(detail).replace("\0", "\ufffd")  # some messages quote what came; no database takes NUL
