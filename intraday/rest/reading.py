"""Views that every channel has: a scope's newest figures and those before. Subclasses say where they come from."""

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, ClassVar

import msgspec
from django.http import HttpResponseBase
from django.utils.http import parse_etags
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from intraday.clock.database import clock
from intraday.org.scoped import TimePage
from intraday.rest.csv_renderer import ItemsCSVRenderer
from intraday.rest.exports import answer_pages, days_of, file_name, is_csv
from intraday.rest.json import JSONRenderer
from intraday.rest.pages import HistoryQuery, ScopeQuery, read_query, scope_of, spell
from intraday.rest.permissions import SignedIn, enter

Page = tuple[list[dict[str, Any]], datetime | None]
"""Items, and the cursor of the next page if there is one."""


class CurrentView(APIView):
    """`{"current": figure | null, "within": [figures of the scopes inside]}`."""

    permission_classes = [SignedIn]
    select: ClassVar[Callable[..., dict[str, Any]]]
    """Takes the scope, `now`, and whether the caller sees `names` of people."""

    def get(self, request: Request) -> Response:
        query = read_query(ScopeQuery, request.query_params)
        principal = enter(request, query.get("organization_id"), grant="read")
        figures = type(self).select(scope_of(principal, query), now=clock.now(), names=principal.sees_names)
        return unless_known(request, figures)


class HistoryView(APIView):
    """Figures of exactly one scope, oldest first. A CSV without `limit` and `cursor` has all of them in one file."""

    permission_classes = [SignedIn]
    renderer_classes = [JSONRenderer, ItemsCSVRenderer]
    csv_columns: ClassVar[Sequence[str]]
    file: ClassVar[str]
    """The name of its CSV, before scope and days."""
    or_grant: ClassVar[str] = ""
    """Another right that is enough."""
    select: ClassVar[Callable[..., Page]]
    """Takes the scope, the page, and whether the caller sees `names` of people."""

    def get(self, request: Request) -> HttpResponseBase:
        query = read_query(HistoryQuery, request.query_params)
        principal = enter(request, query.get("organization_id"), grant="read", or_grant=self.or_grant)
        scope = scope_of(principal, query)
        since, until = query.get("since"), query.get("until")

        def page(cursor: datetime | None, limit: int) -> Page:
            asked = TimePage(limit, since, until, cursor, query.get("step"))
            return type(self).select(scope, asked, names=principal.sees_names)

        return answer_pages(
            request,
            principal.organization,
            query,
            page,
            name=file_name(self.file, scope, *days_of(principal.organization, since, until)),
            spelled=spell,
            is_compute=is_csv(request),
        )


def unless_known(request: Request, figures: dict[str, Any]) -> Response:
    """Return the figures with their ETag, or 304 to a caller who has them already, older by nothing but their age."""
    shown = [figures["current"], *figures["within"]]
    digest = hashlib.sha256(msgspec.json.encode([_unaged(each) for each in shown])).hexdigest()[:32]
    etag = f'W/"{digest}"'
    known = parse_etags(request.headers.get("If-None-Match", ""))
    if etag in known or f'"{digest}"' in known or "*" in known:
        return Response(status=status.HTTP_304_NOT_MODIFIED, headers={"ETag": etag})
    return Response(figures, headers={"ETag": etag})


def _unaged(figure: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return a figure without what grows with every second: its age, also as a reason of its state."""
    if figure is None:
        return None
    lasting = {name: value for name, value in figure.items() if name != "data_age_seconds"}
    if "state" in lasting:
        reasons = [{**each, "value": None} for each in lasting["state"]["reasons"] if each["code"] == "feed_stale"]
        others = [each for each in lasting["state"]["reasons"] if each["code"] != "feed_stale"]
        lasting["state"] = {**lasting["state"], "reasons": [*others, *reasons]}
    return lasting
