"""Exports: whole answers as one CSV file, streamed, under a name that says of which scope and day they are."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, nullcontext
from datetime import date, datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import quote
from zoneinfo import ZoneInfo

from django.http import HttpResponseBase, StreamingHttpResponse
from rest_framework.request import Request

from intraday.org.models import Organization, Scope
from intraday.rest.csv_renderer import ItemsCSVRenderer, heading, lines
from intraday.rest.limits.quotas import HeldSlot, compute_slot
from intraday.rest.pages import page_response

R = TypeVar("R", bound=HttpResponseBase)
PAGE = 1_000
"""Items that are read at once."""
Pages = Callable[[Any, int], tuple[Sequence[Any], Any]]
"""Takes the cursor of a page, None for the first, and a limit; returns its items, and the cursor of the next one or
None."""


def answer_pages(
    request: Request,
    organization: Organization,
    query: Mapping[str, Any],
    pages: Pages,
    *,
    name: str,
    spelled: Callable[[Any], str] = str,
    is_compute: bool = False,
) -> HttpResponseBase:
    """Return the page of the query's `cursor` and `limit`; a whole file where a CSV is asked for, and neither of them.
    `name` is that of the file, `spelled` formats a cursor. Raises LimitReached, also for a page that `is_compute`."""
    if is_csv(request) and not request.query_params.keys() & {"limit", "cursor"}:
        columns = request.parser_context["view"].csv_columns
        return _as_file(Export(organization, columns, pages), name)
    with compute_slot(organization) if is_compute else nullcontext():
        items, following = pages(query.get("cursor"), query["limit"])
    answer = page_response(request, items, None if following is None else spelled(following))
    return _as_file(answer, name) if is_csv(request) else answer


class Export(StreamingHttpResponse):
    """A CSV file of any length, read and written page by page. It holds one of the organization's computes until it is
    closed. Raises LimitReached."""

    def __init__(self, organization: Organization, columns: Sequence[str], pages: Pages) -> None:
        self._slot = ExitStack()
        held = self._slot.enter_context(compute_slot(organization))
        super().__init__(_parts(columns, pages, held), content_type=f"{ItemsCSVRenderer.media_type}; charset=utf-8")

    def close(self) -> None:
        try:
            super().close()
        finally:
            self._slot.close()


def _parts(columns: Sequence[str], pages: Pages, held: HeldSlot) -> Iterator[bytes]:
    yield heading(columns)
    cursor = None
    while True:
        held.renew()
        items, cursor = pages(cursor, PAGE)
        yield lines(items, columns)
        if cursor is None:
            return


def is_csv(request: Request) -> bool:
    return request.accepted_renderer.format == ItemsCSVRenderer.format


def file_name(what: str, place: Scope | list[str], *days: date | None) -> str:
    """Return a name such as `story_org_123_dept_456_support_2026-01-31.csv`, safe on every system. `place` is a scope,
    or the names of one."""
    names = place if isinstance(place, list) else [place.organization_id, place.department_id, place.queue_name]
    parts = [what, *names, *(f"{day}" for day in dict.fromkeys(days) if day is not None)]
    return "_".join(re.sub(r"[^\w.-]", "-", part) for part in parts if part) + ".csv"


def days_of(organization: Organization, since: datetime | None, until: datetime | None) -> list[date]:
    """Return the first and the last local day between two instants, as far as they are given."""
    zone = ZoneInfo(organization.time_zone)
    last = None if until is None else until - timedelta(microseconds=1)
    return [instant.astimezone(zone).date() for instant in (since, last) if instant is not None]


def _as_file(answer: R, name: str) -> R:
    """Let browsers save the answer under this name."""
    plain = name.encode("ascii", "replace").decode().replace("?", "-")
    answer.headers["Content-Disposition"] = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name)}"
    return answer
