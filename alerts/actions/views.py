"""Actions of people: note one, read them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.http import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

import kpi.selectors
from alerts.actions import schema, selectors, services
from alerts.actions.serializers import ActionSerializer, ActionsQuery
from intraday.clock.database import clock
from intraday.org.access import Grant, Principal
from intraday.org.models import Scope
from intraday.rest.csv_renderer import ItemsCSVRenderer
from intraday.rest.exports import answer_pages, file_name
from intraday.rest.idempotency.views import idempotent
from intraday.rest.json import JSONRenderer
from intraday.rest.pages import read_body, read_query, scope_of
from intraday.rest.permissions import SignedIn, enter


class ActionsView(APIView):
    permission_classes = [SignedIn]
    renderer_classes = [JSONRenderer, ItemsCSVRenderer]
    csv_columns = selectors.COLUMNS

    @extend_schema(**schema.ACTIONS)
    def get(self, request: Request) -> HttpResponseBase:
        """Actions of a scope and those inside it, newest first, each with the intervals measured after it. A CSV
        without `limit` and `cursor` has all of them in one file."""
        query = read_query(ActionsQuery, request.query_params)
        principal = enter(request, query.get("organization_id"), grant="read")
        scope, now = scope_of(principal, query), clock.now()
        since, until = _span(scope, query)

        def page(cursor: int | None, limit: int) -> tuple[list[dict[str, Any]], int | None]:
            return selectors.actions(
                scope,
                within=principal.departments,
                since=since,
                until=until,
                after=cursor,
                limit=limit,
                names=principal.sees_colleagues,
                now=now,
            )

        name = file_name("actions", scope, query.get("date"))
        return answer_pages(request, principal.organization, query, page, name=name)

    @extend_schema(**schema.NOTE_ACTION)
    @idempotent
    def post(self, request: Request) -> Response:
        """Note what was done, so that others see it at once and its effect is measured."""
        asked = read_body(ActionSerializer, request)
        principal = enter(request, asked.get("organization_id"), grant=Grant.ACT)
        scope = scope_of(principal, asked)
        source = _source(principal, asked, scope)
        _check_predicted(asked.get("predicted", ()), scope, source)
        action = services.note(
            scope=scope,
            source=source,
            by=principal.name,
            now=clock.now(),
            **{name: asked[name] for name in ("kind", "agents", "until", "note", "predicted") if name in asked},
        )
        shown = selectors.as_dict(action, within=principal.departments, names=True)
        return Response(shown, status=status.HTTP_201_CREATED)


def _span(scope: Scope, query: Mapping[str, Any]) -> tuple[datetime | None, datetime | None]:
    if "date" not in query:
        return query.get("since"), query.get("until")
    return kpi.selectors.day_bounds(scope.organization, query["date"])


def _source(principal: Principal, asked: Mapping[str, Any], scope: Scope) -> Scope | None:
    """Return the queue that agents came from; without a department its name must be unique."""
    if "from_queue_name" not in asked:
        return None
    place = {"department_id": asked.get("from_department_id"), "queue_name": asked["from_queue_name"]}
    source = scope_of(principal, {name: value for name, value in place.items() if value is not None})
    if source == scope:
        raise ValidationError({"from_queue_name": ["Agents move between two queues: name another one."]})
    return source


def _check_predicted(predicted: Sequence[Mapping[str, Any]], scope: Scope, source: Scope | None) -> None:
    queues = {(each.department_id or None, each.queue_name) for each in (scope, source) if each is not None}
    if any((each["department_id"], each["queue_name"]) not in queues for each in predicted):
        raise ValidationError({"predicted": ["Effects are of the action's own queues: name those."]})
