from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import status
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from attendance import schema, selectors, services
from attendance.serializers import AttendanceRecordSerializer, PeopleQuery, ShiftSerializer, to_record, to_shift
from intraday.clock.database import clock
from intraday.feed_health.feed_log import feed_log
from intraday.org.access import Principal
from intraday.org.models import Scope
from intraday.rest import batches, reading, throttling
from intraday.rest.batches import BatchQuery, SingleQuery
from intraday.rest.pages import read_query, scope_of
from intraday.rest.permissions import SignedIn, check_scope, enter


class IngestView(APIView):
    """Post one record."""

    permission_classes = [SignedIn]
    throttle_classes = throttling.INGEST

    @extend_schema(**schema.INGEST)
    def post(self, request: Request) -> Response:
        options = read_query(SingleQuery, request.query_params)
        with feed_log(request, "attendance", **options) as entry:
            rows = batches.read_row(AttendanceRecordSerializer(), request.data)
            principal = enter(request, rows.valid[0].get("organization_id"), grant="ingest")
            row = to_record(rows.valid[0])
            check_scope(principal, row["department_id"], "")
            done = services.ingest(
                organization=principal.organization,
                within=principal.departments,
                rows={0: row},
                now=clock.now(),
                **options,
            )
            if done.errors:
                raise ValidationError(done.errors[0])
            entry.took(principal, [row["time"]])
        batches.warn_first(rows, done.results, entry.warnings)
        return Response(_answer(done.results[0], rows.warnings.get(0)), status=status.HTTP_201_CREATED)


class BatchIngestView(APIView):
    """Post up to 5,000 records; good rows are stored, bad ones named."""

    permission_classes = [SignedIn]
    throttle_classes = throttling.INGEST

    @extend_schema(**schema.BATCH_INGEST)
    def post(self, request: Request) -> Response:
        return _batch(request, "attendance", AttendanceRecordSerializer(), to_record, services.ingest)


class ShiftsView(APIView):
    """Post up to 5,000 pieces of the schedule; good rows are stored, bad ones named."""

    permission_classes = [SignedIn]
    throttle_classes = throttling.INGEST

    @extend_schema(**schema.SHIFTS)
    def post(self, request: Request) -> Response:
        return _batch(request, "shifts", ShiftSerializer(), to_shift, services.ingest_shifts)


def _batch(request: Request, kind: str, serializer: Any, to_row: Any, ingest: Any) -> Response:
    options = read_query(BatchQuery, request.query_params)
    with feed_log(request, kind, dry_run=options["dry_run"]) as entry:
        rows = batches.read_rows(serializer, request)
        principal = batches.enter_batch(request, rows, grant="ingest")
        if options["atomic"] and rows.rejected:
            rows.valid = {}
        done = ingest(
            organization=principal.organization,
            within=principal.departments,
            rows={index: to_row(row) for index, row in rows.valid.items()},
            now=clock.now(),
            **options,
        )
        entry.took(principal, [result.time for result in done.results.values()], rows.rejected | done.errors)
    batches.warn_first(rows, done.results, entry.warnings)
    answers = {index: _answer(result, rows.warnings.get(index)) for index, result in done.results.items()}
    return batches.batch_response(answers, rows.rejected | done.errors)


def _answer(result: services.RowResult, warnings: list[str] | None) -> Mapping[str, Any]:
    event = None if result.event is None else result.event._asdict()
    answer = {**result.name, "result": result.result, "event": event}
    all_warnings = [*result.warnings, *(warnings or [])]
    return {**answer, "warnings": all_warnings} if all_warnings else answer


@extend_schema_view(get=extend_schema(**schema.CURRENT))
class CurrentView(reading.CurrentView):
    """The newest figures of a scope with their age, and those of the departments inside it."""

    def current(self, scope: Scope, principal: Principal) -> dict[str, Any]:
        return selectors.current(scope, now=clock.now(), names=principal.sees_names)


@extend_schema_view(get=extend_schema(**schema.HISTORY))
class HistoryView(reading.HistoryView):
    """The figures of exactly one scope, oldest first."""

    csv_columns = selectors.COLUMNS

    def history(self, scope: Scope, principal: Principal, **page: Any) -> reading.Page:
        return selectors.history(scope, **page, names=principal.sees_names)


class PeopleView(APIView):
    """List people (absent, late, on break, …), those with the most lost minutes first. For roles that see names."""

    permission_classes = [SignedIn]

    @extend_schema(**schema.PEOPLE)
    def get(self, request: Request) -> Response:
        query = read_query(PeopleQuery, request.query_params)
        principal = enter(request, query.get("organization_id"), grant="read")
        if not principal.sees_names:
            raise PermissionDenied(f"{principal.name} may not see names.", code="forbidden")
        as_of, items = selectors.people(
            scope_of(principal, query),
            status=query.get("status"),
            site_id=query["site_id"],
            limit=query["limit"],
            now=clock.now(),
        )
        return Response({"as_of": as_of, "items": items})
