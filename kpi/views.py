from collections.abc import Mapping
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema, extend_schema_view
from msgspec import UNSET, structs
from rest_framework import status
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from intraday.clock.database import clock
from intraday.feed_health.feed_log import feed_log
from intraday.org.access import Principal
from intraday.org.models import Scope
from intraday.rest import batches, reading, throttling
from intraday.rest.batches import BatchQuery, SingleQuery
from intraday.rest.pages import (
    ScopeQuery,
    read_body,
    read_query,
    scope_of,
)
from intraday.rest.permissions import SignedIn, check_scope, enter
from intraday.rest.quotas import compute_slot
from kpi import schema, selectors, services
from kpi.serializers import (
    ComputeSerializer,
    DayIntervalsQuery,
    ForecastSerializer,
    IntervalSerializer,
    WhatIfSerializer,
    reported_fields,
    to_row,
)


class IngestView(APIView):
    """Post what a queue did in one interval."""

    permission_classes = [SignedIn]
    throttle_classes = throttling.INGEST

    @extend_schema(**schema.INGEST)
    def post(self, request: Request) -> Response:
        options = read_query(SingleQuery, request.query_params)
        with feed_log(request, "kpi", **options) as entry:
            rows = batches.read_row(IntervalSerializer(), request.data)
            principal = enter(request, rows.valid[0].get("organization_id"), grant="ingest")
            row = to_row(rows.valid[0], reported_fields(IntervalSerializer))
            check_scope(principal, row["department_id"], row["queue_name"])
            done = services.ingest(
                organization=principal.organization,
                within=principal.departments,
                rows={0: row},
                now=clock.now(),
                **options,
            )
            if done.errors:
                raise ValidationError(done.errors[0])
            entry.queues = [(row["department_id"], row["queue_name"])]
            entry.took(principal, [row["as_of"]])
        batches.warn_first(rows, done.results, entry.warnings)
        warnings = batches.all_warnings(rows, done.warnings)
        return Response(_answer(done.results[0], warnings.get(0)), status=status.HTTP_201_CREATED)


class _BatchView(APIView):
    permission_classes = [SignedIn]
    throttle_classes = throttling.INGEST
    kind: ClassVar[str]
    serializer: ClassVar[type[IntervalSerializer | ForecastSerializer]]
    time: ClassVar[str]  # what the feed's rhythm is told from

    def take(self, request: Request) -> Response:
        options = read_query(BatchQuery, request.query_params)
        with feed_log(request, self.kind, dry_run=options["dry_run"]) as entry:
            rows = batches.read_rows(self.serializer(), request)
            principal = batches.enter_batch(request, rows, grant="ingest")
            if options["atomic"] and rows.rejected:
                rows.valid = {}
            stated = reported_fields(self.serializer)
            valid = {index: to_row(row, stated) for index, row in rows.valid.items()}
            store = services.ingest if self.kind == "kpi" else services.ingest_forecast
            done = store(
                organization=principal.organization,
                within=principal.departments,
                rows=valid,
                now=clock.now(),
                **options,
            )
            taken = [valid[index] for index in done.results]
            entry.queues = {(row["department_id"], row["queue_name"]) for row in taken}
            entry.took(principal, [row[self.time] for row in taken], rows.rejected | done.errors)
        batches.warn_first(rows, done.results, entry.warnings)
        warnings = batches.all_warnings(rows, done.warnings)
        answers = {index: _answer(result, warnings.get(index)) for index, result in done.results.items()}
        return batches.batch_response(answers, rows.rejected | done.errors)


class BatchIngestView(_BatchView):
    """Post up to 5,000 intervals; good rows are stored, bad ones named."""

    kind, serializer, time = "kpi", IntervalSerializer, "as_of"

    @extend_schema(**schema.BATCH_INGEST)
    def post(self, request: Request) -> Response:
        return self.take(request)


class ForecastBatchIngestView(_BatchView):
    """Post up to 5,000 intervals of a forecast; good rows are stored, bad ones named."""

    kind, serializer, time = "forecast", ForecastSerializer, "start"

    @extend_schema(**schema.FORECAST_BATCH_INGEST)
    def post(self, request: Request) -> Response:
        return self.take(request)


def _answer(result: str, warnings: list[str] | None) -> Mapping[str, Any]:
    answer = {"result": result, "event": None}
    return {**answer, "warnings": warnings} if warnings else answer


class ComputeView(APIView):
    """Work out a scope and all within it now, or for another instant; always told. One older than the newest figure
    has `latest: false` and moves nothing."""

    permission_classes = [SignedIn]

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

    def current(self, scope: Scope, principal: Principal) -> dict[str, Any]:
        return selectors.current(scope, now=clock.now())


@extend_schema_view(get=extend_schema(**schema.HISTORY))
class HistoryView(reading.HistoryView):
    """The figures of exactly one scope, oldest first."""

    csv_columns = selectors.COLUMNS

    def history(self, scope: Scope, principal: Principal, **page: Any) -> reading.Page:
        return selectors.history(scope, **page)


class IntervalsView(APIView):
    """The intervals of a local day: what was, what is, what is to come."""

    permission_classes = [SignedIn]

    @extend_schema(**schema.INTERVALS)
    def get(self, request: Request) -> Response:
        query = read_query(DayIntervalsQuery, request.query_params)
        principal = enter(request, query.get("organization_id"), grant="read")
        scope = scope_of(principal, query)
        return Response(selectors.intervals(scope, day=query.get("date"), now=clock.now()))


class WhatIfView(APIView):
    """The running interval of a queue as it is, and as it would be with other agents, volume or handling time.
    Nothing is stored."""

    permission_classes = [SignedIn]

    @extend_schema(**schema.WHAT_IF)
    def post(self, request: Request) -> Response:
        asked = read_body(WhatIfSerializer, request)
        principal = enter(request, asked.get("organization_id"), grant="read")
        change = selectors.Change(**{name: asked[name] for name in selectors.Change._fields if name in asked})
        scope = scope_of(principal, asked)
        with compute_slot(principal.organization):
            return Response(selectors.what_if(scope, change, now=clock.now()))
