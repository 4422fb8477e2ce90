from datetime import date
from typing import Any

from django.http import HttpResponseBase
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from attendance import schema, selectors, services
from attendance.agent_states import answers
from attendance.agent_states.answers import AdherencePage, PeopleQuestion
from attendance.serializers import (
    AdherenceQuery,
    AgentStateSerializer,
    AttendanceRecordSerializer,
    PeopleQuery,
    PersonDayQuery,
    ShiftSerializer,
)
from intraday.clock.database import clock
from intraday.ingest import views as ingest
from intraday.org.access import Principal
from intraday.rest import reading
from intraday.rest.csv_renderer import ItemsCSVRenderer
from intraday.rest.errors import NotFound
from intraday.rest.exports import answer_pages, file_name
from intraday.rest.json import JSONRenderer
from intraday.rest.pages import ScopeQuery, read_query, scope_of
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


@extend_schema_view(post=extend_schema(**schema.STATES))
class StatesView(ingest.BatchIngestView):
    """Post up to 5,000 states of agents; good rows are stored, bad ones named."""

    kind, serializer, service = "states", AgentStateSerializer, services.ingest_states


@extend_schema_view(get=extend_schema(**schema.CURRENT))
class CurrentView(reading.CurrentView):
    """The newest figures of a scope with their age, and those of the departments inside it."""

    select = selectors.current


@extend_schema_view(get=extend_schema(**schema.HISTORY))
class HistoryView(reading.HistoryView):
    """The figures of exactly one scope, oldest first."""

    csv_columns, select, file = selectors.COLUMNS, selectors.history, "attendance"


class PeopleView(APIView):
    """List people with their states and adherence, those with the most lost minutes first. For roles that see names."""

    permission_classes = [SignedIn]

    @extend_schema(**schema.PEOPLE)
    def get(self, request: Request) -> Response:
        query = read_query(PeopleQuery, request.query_params)
        principal = enter(request, query.get("organization_id"), grant="read")
        check_sees_names(principal)
        question = PeopleQuestion(
            query.get("status"),
            query.get("state"),
            query["site_id"],
            query["out_of_adherence"],
            query["name"].strip(),
            query["limit"],
        )
        as_of, items = answers.people(scope_of(principal, query), question, now=clock.now())
        return Response({"as_of": as_of, "items": items})


class ByStateView(APIView):
    """Count the people of a scope by state, with those who are missing or out of adherence."""

    permission_classes = [SignedIn]

    @extend_schema(**schema.BY_STATE)
    def get(self, request: Request) -> Response:
        query = read_query(ScopeQuery, request.query_params)
        principal = enter(request, query.get("organization_id"), grant="read")
        return Response(answers.by_state(scope_of(principal, query), now=clock.now()))


class AdherenceView(APIView):
    """Adherence and conformance by person, queue or day. Rows of people are for roles that see names."""

    permission_classes = [SignedIn]
    renderer_classes = [JSONRenderer, ItemsCSVRenderer]
    csv_columns = answers.ADHERENCE_COLUMNS

    @extend_schema(**schema.ADHERENCE)
    def get(self, request: Request) -> HttpResponseBase:
        query = read_query(AdherenceQuery, request.query_params)
        principal = enter(request, query.get("organization_id"), grant="read")
        if query["by"] == "person":
            check_sees_names(principal)
        scope, now = scope_of(principal, query), clock.now()
        first = query.get("since") or answers.today_of(scope, now)
        last = query.get("until") or first

        def page(cursor: date | None, limit: int) -> tuple[list[dict[str, Any]], date | None]:
            asked = AdherencePage(
                by=query["by"],
                first=max(first, cursor or first),
                last=last,
                limit=limit,
                employee_id=query["employee_id"],
            )
            return answers.adherence(scope, asked, now=now, names=principal.sees_names)

        return answer_pages(
            request,
            principal.organization,
            query,
            page,
            name=file_name("adherence", scope, first, last),
            is_compute=True,
        )


class PersonDayView(APIView):
    """The states of one person over a local day beside the schedule. For roles that see names."""

    permission_classes = [SignedIn]

    @extend_schema(**schema.PERSON_DAY)
    def get(self, request: Request) -> Response:
        query = read_query(PersonDayQuery, request.query_params)
        principal = enter(request, query.get("organization_id"), grant="read")
        check_sees_names(principal)
        scope, now = scope_of(principal, query), clock.now()
        day = query.get("date") or answers.today_of(scope, now)
        found = answers.person_day(scope, query["employee_id"], day, now=now)
        if found is None:
            raise NotFound
        return Response(found)


def check_sees_names(principal: Principal) -> None:
    """Raises PermissionDenied."""
    if not principal.sees_names:
        raise PermissionDenied(
            f"{principal.name} is not allowed to see names: ask an administrator of the organization.",
            code="forbidden",
        )
