from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from attendance import schema, selectors, services
from attendance.serializers import AttendanceRecordSerializer, PeopleQuery, ShiftSerializer
from intraday.clock.database import clock
from intraday.ingest import views as ingest
from intraday.rest import reading
from intraday.rest.pages import read_query, scope_of
from intraday.rest.permissions import SignedIn, enter


@extend_schema_view(post=extend_schema(**schema.INGEST))
class IngestView(ingest.SingleIngestView):
    """Post one record."""

    kind, serializer, service = "attendance", AttendanceRecordSerializer, services.ingest


@extend_schema_view(post=extend_schema(**schema.BATCH_INGEST))
class BatchIngestView(ingest.BatchIngestView):
    """Post up to 5,000 records; good rows are stored, bad ones named."""

    kind, serializer, service = "attendance", AttendanceRecordSerializer, services.ingest


@extend_schema_view(post=extend_schema(**schema.SHIFTS))
class ShiftsView(ingest.BatchIngestView):
    """Post up to 5,000 pieces of the schedule; good rows are stored, bad ones named."""

    kind, serializer, service = "shifts", ShiftSerializer, services.ingest_shifts


@extend_schema_view(get=extend_schema(**schema.CURRENT))
class CurrentView(reading.CurrentView):
    """The newest figures of a scope with their age, and those of the departments inside it."""

    select = selectors.current


@extend_schema_view(get=extend_schema(**schema.HISTORY))
class HistoryView(reading.HistoryView):
    """The figures of exactly one scope, oldest first."""

    csv_columns, select = selectors.COLUMNS, selectors.history


class PeopleView(APIView):
    """List people (absent, late, on break, …), those with the most lost minutes first. For roles that see names."""

    permission_classes = [SignedIn]

    @extend_schema(**schema.PEOPLE)
    def get(self, request: Request) -> Response:
        query = read_query(PeopleQuery, request.query_params)
        principal = enter(request, query.get("organization_id"), grant="read")
        if not principal.sees_names:
            raise PermissionDenied(
                f"{principal.name} is not allowed to see names: ask an administrator of the organization.",
                code="forbidden",
            )
        as_of, items = selectors.people(
            scope_of(principal, query),
            status=query.get("status"),
            site_id=query["site_id"],
            limit=query["limit"],
            now=clock.now(),
        )
        return Response({"as_of": as_of, "items": items})
