"""Views that every channel has: a scope's newest figures and those before. Subclasses say where they come from."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from datetime import datetime
from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from intraday.clock.database import clock
from intraday.org.scoped import TimePage
from intraday.rest.csv_renderer import ItemsCSVRenderer
from intraday.rest.json import JSONRenderer
from intraday.rest.limits.quotas import compute_slot
from intraday.rest.pages import HistoryQuery, ScopeQuery, page_response, read_query, scope_of
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
        return Response(figures)


class HistoryView(APIView):
    """Figures of exactly one scope, oldest first."""

    permission_classes = [SignedIn]
    renderer_classes = [JSONRenderer, ItemsCSVRenderer]
    csv_columns: ClassVar[Sequence[str]]
    or_grant: ClassVar[str] = ""
    """Another right that is enough."""
    select: ClassVar[Callable[..., Page]]
    """Takes the scope, the page, and whether the caller sees `names` of people."""

    def get(self, request: Request) -> Response:
        query = read_query(HistoryQuery, request.query_params)
        principal = enter(request, query.get("organization_id"), grant="read", or_grant=self.or_grant)
        scope = scope_of(principal, query)
        page = TimePage(query["limit"], query.get("since"), query.get("until"), query.get("cursor"))
        with compute_slot(principal.organization) if query["format"] == "csv" else nullcontext():
            items, following = type(self).select(scope, page, names=principal.sees_names)
        return page_response(request, items, following)
