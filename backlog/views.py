from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_view

from backlog import schema, selectors, services
from backlog.serializers import BacklogSnapshotSerializer
from intraday.clock.database import clock
from intraday.ingest import views as ingest
from intraday.org.access import Grant, Principal
from intraday.org.models import Scope
from intraday.rest import reading


@extend_schema_view(post=extend_schema(**schema.INGEST))
class IngestView(ingest.SingleIngestView):
    """Post one snapshot."""

    kind, serializer, service = "backlog", BacklogSnapshotSerializer, services.ingest


@extend_schema_view(post=extend_schema(**schema.BATCH_INGEST))
class BatchIngestView(ingest.BatchIngestView):
    """Post up to 5,000 snapshots; good rows are stored, bad ones named."""

    kind, serializer, service = "backlog", BacklogSnapshotSerializer, services.ingest


@extend_schema_view(get=extend_schema(**schema.CURRENT))
class CurrentView(reading.CurrentView):
    """The newest figure of a scope with its age, and those of the scopes inside it."""

    def current(self, scope: Scope, principal: Principal) -> dict[str, Any]:
        return selectors.current(scope, now=clock.now())


@extend_schema_view(get=extend_schema(**schema.HISTORY))
class HistoryView(reading.HistoryView):
    """The snapshots of exactly one scope, oldest first."""

    csv_columns = selectors.COLUMNS
    or_grant = Grant.WATCH

    def history(self, scope: Scope, principal: Principal, **page: Any) -> reading.Page:
        return selectors.history(scope, **page)
