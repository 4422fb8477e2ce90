"""The views of all ingests: one row, or a batch of which good rows are stored and bad ones named."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, ClassVar

from rest_framework import status
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from intraday.clock.database import clock
from intraday.feed_health.feed_log import FeedLogEntry, feed_log
from intraday.ingest.posts import Ingested, Post, Row
from intraday.org.access import Principal
from intraday.rest import batches
from intraday.rest.batches import BatchQuery, Rows, SingleQuery
from intraday.rest.idempotency.views import idempotent_outside_transaction
from intraday.rest.limits import throttling
from intraday.rest.pages import OfOrganization, read_query
from intraday.rest.permissions import SignedIn, check_scope, enter


class RowSerializer(OfOrganization):
    @classmethod
    def to_row(cls, valid: dict[str, Any]) -> Row:
        """Map the wire's names to those of the model."""
        raise NotImplementedError


@cache
def _reader(serializer: type[RowSerializer]) -> RowSerializer:
    """Return the one that reads all rows: it keeps nothing of them, and making one copies all its fields."""
    return serializer()


class IngestView(APIView):
    """Subclasses say of which kind the feed is, how a row looks, and which service stores rows."""

    permission_classes = [SignedIn]
    throttle_classes = throttling.INGEST
    kind: ClassVar[str]
    serializer: ClassVar[type[RowSerializer]]
    service: ClassVar[Callable[[Post[Any]], Ingested]]

    def store(self, principal: Principal, rows: Mapping[int, Row], **options: bool) -> Ingested:
        post = Post(
            organization=principal.organization,
            within=principal.departments,
            rows=rows,
            now=clock.now(),
            **options,
        )
        return type(self).service(post)

    @staticmethod
    def log(entry: FeedLogEntry, principal: Principal, done: Ingested, rejected: Mapping[int, Any]) -> None:
        results = done.results.values()
        entry.queues = {result.scope for result in results}
        entry.took(principal, [result.time for result in results], rejected)


class SingleIngestView(IngestView):
    @idempotent_outside_transaction
    def post(self, request: Request) -> Response:
        options = read_query(SingleQuery, request.query_params)
        with feed_log(request, self.kind, **options) as entry:
            rows = batches.read_row(_reader(self.serializer), request.data)
            principal = enter(request, rows.valid[0].get("organization_id"), grant="ingest")
            row = self.serializer.to_row(rows.valid[0])
            check_scope(principal, *row.scope_name)
            done = self.store(principal, {0: row}, **options)
            if done.errors:
                raise ValidationError(done.errors[0])
            self.log(entry, principal, done, {})
        return Response(_answers(rows, done, entry)[0], status=status.HTTP_201_CREATED)


class BatchIngestView(IngestView):
    @idempotent_outside_transaction
    def post(self, request: Request) -> Response:
        options = read_query(BatchQuery, request.query_params)
        with feed_log(request, self.kind, dry_run=options["dry_run"]) as entry:
            rows = batches.read_rows(_reader(self.serializer), request)
            principal = batches.enter_batch(request, rows, grant="ingest")
            if options["atomic"] and rows.rejected:
                rows.valid = {}
            valid = {index: self.serializer.to_row(row) for index, row in rows.valid.items()}
            done = self.store(principal, valid, **options)
            rejected = rows.rejected | done.errors
            self.log(entry, principal, done, rejected)
        return batches.batch_response(_answers(rows, done, entry), rejected)


def _answers(rows: Rows, done: Ingested, entry: FeedLogEntry) -> dict[int, dict[str, Any]]:
    """Return the answer of each stored row; warnings about the feed as a whole are in that of the first."""
    for index in sorted(done.results)[:1]:
        rows.warnings.setdefault(index, []).extend(entry.warnings)
    return {index: _answer(rows, done, index) for index in done.results}


def _answer(rows: Rows, done: Ingested, index: int) -> dict[str, Any]:
    result = done.results[index]
    event = None if result.event is None else result.event._asdict()
    warnings = [*done.warnings.get(index, ()), *rows.warnings.get(index, ())]
    answer = {**result.id, "result": result.result, "event": event}
    return {**answer, "warnings": warnings} if warnings else answer
