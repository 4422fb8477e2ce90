"""Views that every channel has: a scope's newest figures and those before. Subclasses say where they come from."""

from collections.abc import Sequence
from contextlib import nullcontext
from datetime import datetime
from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from intraday.org.access import Principal
from intraday.org.models import Scope
from intraday.rest.csv_renderer import ItemsCSVRenderer
from intraday.rest.json import JSONRenderer
from intraday.rest.pages import HistoryQuery, ScopeQuery, page_response, read_query, scope_of
from intraday.rest.permissions import SignedIn, enter
from intraday.rest.quotas import compute_slot

Page = tuple[list[dict[str, Any]], datetime | None]
"""Items, and the cursor of the next page if there is one."""


class CurrentView(APIView):
    permission_classes = [SignedIn]

    def get(self, request: Request) -> Response:
        query = read_query(ScopeQuery, request.query_params)
        principal = enter(request, query.get("organization_id"), grant="read")
        return Response(self.current(scope_of(principal, query), principal))

    def current(self, scope: Scope, principal: Principal) -> dict[str, Any]:
        """`{"current": figure | null, "within": [figures of the scopes inside]}`."""
        raise NotImplementedError


class HistoryView(APIView):
    permission_classes = [SignedIn]
    renderer_classes = [JSONRenderer, ItemsCSVRenderer]
    csv_columns: ClassVar[Sequence[str]]
    or_grant: ClassVar[str] = ""
    """Another right that is enough."""

    def get(self, request: Request) -> Response:
        query = read_query(HistoryQuery, request.query_params)
        principal = enter(request, query.get("organization_id"), grant="read", or_grant=self.or_grant)
        scope = scope_of(principal, query)
        with compute_slot(principal.organization) if query["format"] == "csv" else nullcontext():
            items, following = self.history(
                scope,
                principal,
                since=query.get("since"),
                until=query.get("until"),
                after=query.get("cursor"),
                limit=query["limit"],
            )
        return page_response(request, items, following)

    def history(self, scope: Scope, principal: Principal, **page: Any) -> Page:
        """Figures of exactly this scope, oldest first; `page` is since, until, after and
        limit."""
        raise NotImplementedError
