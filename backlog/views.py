from drf_spectacular.utils import extend_schema, extend_schema_view

from backlog import schema, selectors, services
from backlog.serializers import BacklogSnapshotSerializer
from intraday.ingest import views as ingest
from intraday.org.access import Grant
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

    select = selectors.current


@extend_schema_view(get=extend_schema(**schema.HISTORY))
class HistoryView(reading.HistoryView):
    """The snapshots of exactly one scope, oldest first."""

    csv_columns, select, or_grant, file = selectors.COLUMNS, selectors.history, Grant.WATCH, "backlog"
