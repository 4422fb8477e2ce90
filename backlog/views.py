from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import status
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from backlog import schema, selectors, services
from backlog.ingest.classification import RowResult
from backlog.serializers import BacklogSnapshotSerializer, to_row
from intraday.clock.database import clock
from intraday.feed_health.feed_log import feed_log
from intraday.org.access import Principal
from intraday.org.models import Scope
from intraday.rest import batches, reading, throttling
from intraday.rest.batches import BatchQuery, SingleQuery
from intraday.rest.pages import read_query
from intraday.rest.permissions import SignedIn, check_scope, enter


class IngestView(APIView):
    """Post one snapshot."""

    permission_classes = [SignedIn]
    throttle_classes = throttling.INGEST

    @extend_schema(**schema.INGEST)
    def post(self, request: Request) -> Response:
        options = read_query(SingleQuery, request.query_params)
        with feed_log(request, "backlog", **options) as entry:
            rows = batches.read_row(BacklogSnapshotSerializer(), request.data)
            principal = enter(request, rows.valid[0].get("organization_id"), grant="ingest")
            row = to_row(rows.valid[0])
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
            entry.took(principal, [row["time"]])
        batches.warn_first(rows, done.results, entry.warnings)
        return Response(_answer(done.results[0], rows.warnings.get(0)), status=status.HTTP_201_CREATED)


class BatchIngestView(APIView):
    """Post up to 5,000 snapshots; good rows are stored, bad ones named."""

    permission_classes = [SignedIn]
    throttle_classes = throttling.INGEST

    @extend_schema(**schema.BATCH_INGEST)
    def post(self, request: Request) -> Response:
        options = read_query(BatchQuery, request.query_params)
        with feed_log(request, "backlog", dry_run=options["dry_run"]) as entry:
            rows = batches.read_rows(BacklogSnapshotSerializer(), request)
            principal = batches.enter_batch(request, rows, grant="ingest")
            if options["atomic"] and rows.rejected:
                rows.valid = {}
            done = services.ingest(
                organization=principal.organization,
                within=principal.departments,
                rows={index: to_row(row) for index, row in rows.valid.items()},
                now=clock.now(),
                **options,
            )
            taken = [result.snapshot.time for result in done.results.values()]
            scopes = [result.snapshot.scope for result in done.results.values()]
            entry.queues = {(scope.department_id, scope.queue_name) for scope in scopes}
            entry.took(principal, taken, rows.rejected | done.errors)
        batches.warn_first(rows, done.results, entry.warnings)
        answers = {index: _answer(result, rows.warnings.get(index)) for index, result in done.results.items()}
        return batches.batch_response(answers, rows.rejected | done.errors)


def _answer(result: RowResult, warnings: list[str] | None) -> Mapping[str, Any]:
    event = None if result.event is None else result.event._asdict()
    answer = {"snapshot_id": str(result.snapshot.pk), "result": result.result, "event": event}
    all_warnings = [*result.warnings, *(warnings or [])]
    return {**answer, "warnings": all_warnings} if all_warnings else answer


@extend_schema_view(get=extend_schema(**schema.CURRENT))
class CurrentView(reading.CurrentView):
    """The newest figure of a scope with its age, and those of the scopes inside it."""

    def current(self, scope: Scope, principal: Principal) -> dict[str, Any]:
        return selectors.current(scope, now=clock.now())


@extend_schema_view(get=extend_schema(**schema.HISTORY))
class HistoryView(reading.HistoryView):
    """The snapshots of exactly one scope, oldest first."""

    csv_columns = selectors.COLUMNS

    def history(self, scope: Scope, principal: Principal, **page: Any) -> reading.Page:
        return selectors.history(scope, **page)
