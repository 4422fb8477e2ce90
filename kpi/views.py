from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_view
from msgspec import UNSET, structs
from rest_framework import status
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from intraday.clock.database import clock
from intraday.ingest import views as ingest
from intraday.org.access import Grant, Principal
from intraday.org.models import Scope
from intraday.rest import reading
from intraday.rest.idempotency.views import idempotent_outside_transaction
from intraday.rest.limits.quotas import compute_slot
from intraday.rest.pages import ScopeQuery, read_body, read_query, scope_of
from intraday.rest.permissions import SignedIn, enter
from kpi import schema, selectors, services
from kpi.serializers import (
    ComputeSerializer,
    DayIntervalsQuery,
    ForecastSerializer,
    IntervalSerializer,
    WhatIfSerializer,
)


@extend_schema_view(post=extend_schema(**schema.INGEST))
class IngestView(ingest.SingleIngestView):
    """Post what a queue did in one interval."""

    kind, serializer, service = "kpi", IntervalSerializer, services.ingest


@extend_schema_view(post=extend_schema(**schema.BATCH_INGEST))
class BatchIngestView(ingest.BatchIngestView):
    """Post up to 5,000 intervals; good rows are stored, bad ones named."""

    kind, serializer, service = "kpi", IntervalSerializer, services.ingest


@extend_schema_view(post=extend_schema(**schema.FORECAST_BATCH_INGEST))
class ForecastBatchIngestView(ingest.BatchIngestView):
    """Post up to 5,000 intervals of a forecast; good rows are stored, bad ones named."""

    kind, serializer, service = "forecast", ForecastSerializer, services.ingest_forecast


class ComputeView(APIView):
    """Work out a scope and all within it now, or for another instant; always told. One older than the newest figure
    has `latest: false` and moves nothing."""

    permission_classes = [SignedIn]

    @idempotent_outside_transaction
    @extend_schema(**schema.COMPUTE)
    def post(self, request: Request) -> Response:
        asked = read_body(ComputeSerializer, request)
        principal = enter(request, asked.get("organization_id"), grant="act", or_grant="ingest")
        scope = scope_of(principal, asked)
        with compute_slot(principal.organization):
            computed = services.compute(
                organization=principal.organization, scope=scope, as_of=asked["as_of_time"], now=clock.now()
            )
        figure = {name: value for name, value in structs.asdict(computed.payload).items() if value is not UNSET}
        event = None if computed.event is None else computed.event._asdict()
        return Response({**figure, "event": event}, status=status.HTTP_201_CREATED)


class VolumeConfirmationView(APIView):
    """Confirm that a volume far below the forecast is real: its scope is no longer suspect. Answers with the figure."""

    permission_classes = [SignedIn]

    @extend_schema(**schema.VOLUME_CONFIRMATION)
    def post(self, request: Request) -> Response:
        asked = read_body(ScopeQuery, request)
        principal = enter(request, asked.get("organization_id"), grant="act")
        computed = services.confirm_volume(
            organization=principal.organization,
            scope=scope_of(principal, asked),
            by=principal.name,
            now=clock.now(),
        )
        return Response({k: value for k, value in structs.asdict(computed.payload).items() if value is not UNSET})


@extend_schema_view(get=extend_schema(**schema.CURRENT))
class CurrentView(reading.CurrentView):
    """The newest figure of a scope with its age, and those of the scopes inside it."""

    select = selectors.current


@extend_schema_view(get=extend_schema(**schema.HISTORY))
class HistoryView(reading.HistoryView):
    """The figures of exactly one scope, oldest first."""

    csv_columns, select, file = selectors.COLUMNS, selectors.history, "kpi"


class IntervalsView(APIView):
    """The intervals of a local day: what was, what is, what is to come."""

    permission_classes = [SignedIn]

    @extend_schema(**schema.INTERVALS)
    def get(self, request: Request) -> Response:
        query = read_query(DayIntervalsQuery, request.query_params)
        principal = enter(request, query.get("organization_id"), grant="read", or_grant=Grant.WATCH)
        scope = scope_of(principal, query)
        return Response(selectors.intervals(scope, day=query.get("date"), now=clock.now()))


class WhatIfView(APIView):
    """A queue as it is, and as it would be with other agents, with agents of another queue, with another volume or
    handling time: in the running interval and, with `rest_of_day`, until the day ends. Nothing is stored."""

    permission_classes = [SignedIn]

    @extend_schema(**schema.WHAT_IF)
    def post(self, request: Request) -> Response:
        asked = read_body(WhatIfSerializer, request)
        principal = enter(request, asked.get("organization_id"), grant="read")
        scope, source, now = scope_of(principal, asked), _source(principal, asked), clock.now()
        if source == scope:
            raise ValidationError({"from_queue_name": ["Agents move between two queues: name another one."]})
        if asked["rest_of_day"]:
            asked["until"] = selectors.end_of_day(principal.organization, now=now)
        change = selectors.Change(**{name: asked[name] for name in selectors.Change._fields if name in asked})
        with compute_slot(principal.organization):
            try:
                return Response(selectors.what_if(scope, change, source, now=now))
            except selectors.NotWorkedOutError as error:
                raise ValidationError({"queue_name": [str(error)]}) from error
            except selectors.TooFewAgentsError as error:
                raise ValidationError({"move_agents": [str(error)]}) from error


def _source(principal: Principal, asked: Mapping[str, Any]) -> Scope | None:
    """Return the queue that agents come from; without a department its name must be unique."""
    if "from_queue_name" not in asked:
        return None
    place = {"department_id": asked.get("from_department_id"), "queue_name": asked["from_queue_name"]}
    return scope_of(principal, {name: value for name, value in place.items() if value is not None})


class SuggestionsView(APIView):
    """Suggestions for each queue in trouble inside the scope, the best first, and for time off where heads are to
    spare. None of them breaks a target that is met."""

    permission_classes = [SignedIn]

    @extend_schema(**schema.SUGGESTIONS)
    def get(self, request: Request) -> Response:
        query = read_query(ScopeQuery, request.query_params)
        principal = enter(request, query.get("organization_id"), grant="read")
        scope = scope_of(principal, query)
        with compute_slot(principal.organization):
            return Response(selectors.suggestions(scope, within=principal.departments, now=clock.now()))
