"""Alerts: evaluate now, read, acknowledge, resolve, snooze and end a snooze."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, ClassVar
from uuid import UUID

from django.http import HttpResponseBase
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from alerts import redaction, schema, selectors, services
from alerts.evaluation.changes import Actor
from alerts.serializers import (
    AcknowledgeManyRequest,
    AcknowledgeRequest,
    ActRequest,
    AlertCursorField,
    AlertsQuery,
    EvaluateRequest,
    SnoozeRequest,
    to_filters,
)
from alerts.services import Caller, Conflict
from intraday.audit import origin
from intraday.clock.database import clock
from intraday.org.access import Grant, Principal
from intraday.rest.csv_renderer import ItemsCSVRenderer
from intraday.rest.errors import error_body
from intraday.rest.exports import answer_pages, days_of, file_name
from intraday.rest.json import JSONRenderer
from intraday.rest.pages import OfOrganization, read_body, read_query
from intraday.rest.permissions import SignedIn, check_organization_level, check_scope, enter


def actor(principal: Principal) -> Actor:
    return Actor(principal.name[:150], origin.request_id())


def conflict(code: str, message: str, current: Mapping[str, Any]) -> Response:
    return Response({**error_body(code, message), "current": current}, status=status.HTTP_409_CONFLICT)


class EvaluateView(APIView):
    """Evaluate all rules now, instead of within the next minute."""

    permission_classes = [SignedIn]

    @extend_schema(**schema.EVALUATE)
    def post(self, request: Request) -> Response:
        body = read_body(EvaluateRequest, request)
        principal = enter(request, body.get("organization_id"), grant=Grant.ACT)
        check_organization_level(principal)
        done = services.evaluate_by_hand(
            organization_id=principal.organization.id, now=clock.now(), as_of=body.get("as_of_time")
        )
        return Response(asdict(done))


class AlertsView(APIView):
    """Alerts, newest first. A CSV without `limit` and `cursor` has all of them in one file."""

    permission_classes = [SignedIn]
    renderer_classes = [JSONRenderer, ItemsCSVRenderer]
    csv_columns = selectors.COLUMNS

    @extend_schema(**schema.ALERTS)
    def get(self, request: Request) -> HttpResponseBase:
        query = read_query(AlertsQuery, request.query_params)
        principal = enter(request, query.get("organization_id"), grant="read")
        if query.get("department_id"):
            check_scope(principal, query["department_id"], "")

        def page(cursor: selectors.Cursor | None, limit: int) -> selectors.Page:
            items, following = selectors.alerts(
                principal.organization.id,
                within=principal.departments,
                filters=to_filters(query),
                after=cursor,
                limit=limit,
            )
            return [_shown(each, principal) for each in items], following

        place = [principal.organization.id, query.get("department_id", ""), query.get("queue_name", "")]
        days = days_of(principal.organization, query.get("since"), query.get("until"))
        return answer_pages(
            request,
            principal.organization,
            query,
            page,
            name=file_name("alerts", place, *days),
            spelled=AlertCursorField.spelled,
        )


class AlertView(APIView):
    """An alert with everything that happened to it."""

    permission_classes = [SignedIn]

    @extend_schema(**schema.ALERT)
    def get(self, request: Request, alert_id: UUID) -> Response:
        query = read_query(OfOrganization, request.query_params)
        principal = enter(request, query.get("organization_id"), grant="read")
        found = selectors.alert(principal.organization.id, alert_id, within=principal.departments)
        return Response(_shown(found, principal))


def _shown(alert: dict[str, Any], principal: Principal) -> dict[str, Any]:
    return alert if principal.sees_colleagues else redaction.alert(alert)


class ActView(APIView):
    """An act on one alert: 200 with the alert, also if it was done already; 409 if it is not possible.

    Callers who may act may see colleagues.
    """

    permission_classes = [SignedIn]
    body: ClassVar[type[OfOrganization]]
    act: ClassVar[Callable[..., Any]]

    def post(self, request: Request, alert_id: UUID) -> Response:
        body = read_body(self.body, request)
        caller = _caller(request, body)
        try:
            alert = type(self).act(caller=caller, alert_id=alert_id, now=clock.now(), **_without_scope(body))
        except Conflict as answer:
            return conflict(answer.code, answer.message, selectors.as_dict(answer.alert))
        return Response(selectors.as_dict(alert))


@extend_schema_view(post=extend_schema(**schema.ACKNOWLEDGE))
class AcknowledgeView(ActView):
    """Acknowledge an alert."""

    body = AcknowledgeRequest
    act = services.acknowledge


@extend_schema_view(post=extend_schema(**schema.RESOLVE))
class ResolveView(ActView):
    """End an alert. If its condition goes on, another one follows after the cooldown."""

    body = ActRequest
    act = services.resolve


@extend_schema_view(post=extend_schema(**schema.SNOOZE))
class SnoozeView(ActView):
    """Suppress notifications of an alert until a later time."""

    body = SnoozeRequest
    act = services.snooze


@extend_schema_view(post=extend_schema(**schema.UNSNOOZE))
class UnsnoozeView(ActView):
    """End the snooze of an alert; notifications follow again within seconds."""

    body = ActRequest
    act = services.unsnooze


class AcknowledgeManyView(APIView):
    """Acknowledge many alerts at once; each is answered by itself."""

    permission_classes = [SignedIn]

    @extend_schema(**schema.ACKNOWLEDGE_MANY)
    def post(self, request: Request) -> Response:
        body = read_body(AcknowledgeManyRequest, request)
        found = services.acknowledge_many(
            caller=_caller(request, body), alert_ids=body["ids"], note=body["note"], now=clock.now()
        )
        return Response({"results": [_answer(alert_id, answer) for alert_id, answer in found.items()]})


def _caller(request: Request, body: Mapping[str, Any]) -> Caller:
    principal = enter(request, body.get("organization_id"), grant=Grant.ACT)
    return Caller(principal.organization.id, actor(principal), principal.departments)


def _without_scope(body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name not in ("organization_id", "minutes")}


def _answer(alert_id: UUID, answer: Any) -> dict[str, Any]:
    if answer is None:
        return {
            "alert_id": alert_id,
            "code": "not_found",
            "message": "There is no such alert, or it belongs to another organization.",
        }
    if isinstance(answer, Conflict):
        current = selectors.as_dict(answer.alert)
        return {"alert_id": alert_id, "code": answer.code, "message": answer.message, "current": current}
    return {"alert_id": alert_id, "result": "acknowledged", "current": selectors.as_dict(answer)}
