"""Limit calls a minute of each credential, and rows, bytes and events a minute of each organization."""

import hashlib
import math
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import Any, ClassVar

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from intraday.org.access import Principal
from intraday.org.models import KeyScope
from intraday.rest.authentication import Caller, OneOrganization
from intraday.rest.batches import MAX_ORGANIZATIONS
from intraday.rest.errors import NotFound
from intraday.rest.limits import quotas
from intraday.rest.limits.post_turns import post_turn
from intraday.rest.limits.quotas import WINDOW_SECONDS

_FOUND = "_principal_of_body"


class PerCredential(BaseThrottle):
    """Counts whole minutes, as limits of organizations: DRF's own throttle keeps, and rewrites at each call, the time
    of every call.

    Without a cache nobody is refused.
    """

    def allow_request(self, request: Request, view: object) -> bool:
        caller = request.auth
        if not isinstance(caller, Caller):
            return True
        limit = settings.CALLS_PER_MINUTE_PERSON if caller.is_person else settings.CALLS_PER_MINUTE_KEY
        whose = hashlib.sha256(caller.credential.encode()).hexdigest()
        counted = quotas.windows.count("calls", whose, 1, int(limit), fails_open=True)
        if counted.left is not None:
            request._request.rate_limit = {  # type: ignore[attr-defined]  # intraday.pages.headers makes headers of it
                "RateLimit-Policy": f'"calls";q={limit};w={WINDOW_SECONDS}',
                "RateLimit": f'"calls";r={counted.left};t={math.ceil(self.wait())}',
            }
        return counted.allowed

    def wait(self) -> float:
        return quotas.seconds_to_next_minute()


class PerOrganization(BaseThrottle):
    """Counts what a request brings before it is checked: refusing it shall cost little.

    A caller without the right to post uses nothing up: the view refuses it.
    """

    grant: ClassVar[str]
    limit: ClassVar[str]

    def allow_request(self, request: Request, view: object) -> bool:
        principal = principal_of(request)
        if principal is not None and principal.may(self.grant):
            quotas.spend(principal.organization, "bytes_per_minute", _size(request))
            quotas.spend(principal.organization, self.limit, self.count(request.data))
            quotas.spend(principal.organization, "bytes_per_minute", max(0, getattr(request, "inflated_bytes", 0)))
        return True

    def count(self, data: Any) -> int:
        return 1


class RowsPerMinute(PerOrganization):
    grant, limit = KeyScope.INGEST, "rows_per_minute"

    def count(self, data: Any) -> int:
        return rows_in(data)


class EventsPerMinute(PerOrganization):
    grant, limit = KeyScope.PUBLISH, "events_per_minute"


INGEST: list[type[BaseThrottle]] = [PerCredential, RowsPerMinute]
PUBLISH: list[type[BaseThrottle]] = [PerCredential, EventsPerMinute]
"""`throttle_classes` of views that take rows, and of those that publish."""


def turn_of(request: Request) -> AbstractContextManager[None]:
    """Return what holds the turn of a post; the view answers callers who are in no organization."""
    principal = principal_of(request)
    return nullcontext() if principal is None else post_turn(principal.organization, rows_in(request.data))


def rows_in(data: Any) -> int:
    return max(1, len(_items(data)))


def _size(request: Request) -> int:
    """Return the number of bytes of the body. Without this header there is no body for Django."""
    length = str(request.META.get("CONTENT_LENGTH") or "")
    return int(length) if length.isdecimal() else 0


def principal_of(request: Request) -> Principal | None:
    """Return the caller inside the organization that the body is for, found once a request: a batch has many rows."""
    if not hasattr(request, _FOUND):
        setattr(request, _FOUND, _find_principal(request))
    found: Principal | None = getattr(request, _FOUND)
    return found


def _find_principal(request: Request) -> Principal | None:
    """Look at what the body names: a person may be in several organizations."""
    caller = request.auth
    if isinstance(caller, OneOrganization):
        return caller.principal
    if isinstance(caller, Caller):
        named: list[str | None] = list(dict.fromkeys(_named(request.data)))
        for organization_id in named[:MAX_ORGANIZATIONS] or [None]:
            with suppress(NotFound):
                return caller.enter(organization_id)
    return None


def _named(data: Any) -> Iterator[str]:
    for row in (*_items(data), data):
        name = row.get("organization_id") if isinstance(row, Mapping) else None
        if isinstance(name, str):
            yield name


def _items(data: Any) -> list[Any]:
    items = data.get("items") if isinstance(data, Mapping) else None
    return items if isinstance(items, list) else []
