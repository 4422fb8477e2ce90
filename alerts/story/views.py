"""The story of a scope's day."""

from django.http import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from alerts.story import schema, selectors
from alerts.story.serializers import StoryQuery
from alerts.story.summary import summary
from intraday.clock.database import clock
from intraday.rest.csv_renderer import ItemsCSVRenderer
from intraday.rest.exports import answer_pages, file_name, is_csv
from intraday.rest.json import JSONRenderer
from intraday.rest.pages import read_query, scope_of
from intraday.rest.permissions import SignedIn, enter


class StoryView(APIView):
    """Tell the day of a scope and those inside it, in order of time: changes of states, alerts with their whole life,
    actions, notifications, feeds that fell silent; and the summary to hand over. CSV has the whole day in one file."""

    permission_classes = [SignedIn]
    renderer_classes = [JSONRenderer, ItemsCSVRenderer]
    csv_columns = selectors.COLUMNS

    @extend_schema(**schema.STORY)
    def get(self, request: Request) -> HttpResponseBase:
        query = read_query(StoryQuery, request.query_params)
        principal = enter(request, query.get("organization_id"), grant="read")
        question = selectors.question(
            scope_of(principal, query),
            query.get("day"),
            within=principal.departments,
            names=principal.sees_colleagues,
            now=clock.now(),
        )
        answer = answer_pages(
            request,
            principal.organization,
            query,
            lambda cursor, limit: selectors.page(question, after=cursor, limit=limit),
            name=file_name("story", question.scope, question.day),
            spelled=selectors.Cursor.spelled,
        )
        if is_csv(request) or not isinstance(answer, Response):
            return answer
        is_first = "cursor" not in query
        answer.data = {**selectors.frame(question), **answer.data, "summary": summary(question) if is_first else None}
        return answer
