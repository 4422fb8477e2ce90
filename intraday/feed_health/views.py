from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from intraday.clock.database import clock
from intraday.feed_health import selectors
from intraday.rest.pages import OfOrganization, read_query
from intraday.rest.permissions import SignedIn, check_organization_level, enter
from intraday.rest.schema import BAD_REQUESTS

_feed = inline_serializer(
    "Feed",
    {
        "source": serializers.CharField(
            help_text="The API key or person that posts; `a person` for callers who may not see colleagues."
        ),
        "kind": serializers.CharField(help_text="What it posts, e.g. `backlog`."),
        "last_received_at": serializers.DateTimeField(),
        "newest_data_time": serializers.DateTimeField(allow_null=True),
        "cadence_seconds": serializers.FloatField(allow_null=True, help_text="Step between data times, as learned."),
        "accepted_last_hour": serializers.IntegerField(),
        "rejected_last_hour": serializers.IntegerField(),
        "last_error": serializers.CharField(allow_null=True),
        "last_error_at": serializers.DateTimeField(allow_null=True),
        "behind_minutes": serializers.IntegerField(
            allow_null=True, help_text="By how much its times are steadily behind, in whole half hours."
        ),
        "warning": serializers.CharField(allow_null=True, help_text="`data is 60 min behind: is the zone right?`"),
        "stale": serializers.BooleanField(
            help_text="Silent for over three of its cadences and five minutes, while a queue that it feeds is open."
        ),
        "awaited_since": serializers.DateTimeField(
            allow_null=True,
            help_text="Since when its next report is awaited; null while all its queues are closed, and of feeds of "
            "events and plans, which do not report by the clock.",
        ),
    },
    many=True,
)


class FeedsView(APIView):
    """List the feeds with their deliveries, silent ones first."""

    permission_classes = [SignedIn]
    opened: selectors.Opened | None = None
    """A function that returns the open queues. The urls set it: opening hours belong to a layer above this one."""

    @extend_schema(
        parameters=[OfOrganization],
        responses={200: inline_serializer("Feeds", {"feeds": _feed}), **BAD_REQUESTS},
    )
    def get(self, request: Request) -> Response:
        asked = read_query(OfOrganization, request.query_params).get("organization_id")
        principal = enter(request, asked, grant="read")
        assert self.opened is not None
        check_organization_level(principal)  # what a feed last got wrong may name any queue
        found = selectors.feeds(principal.organization.id, now=clock.now(), opened=self.opened)
        return Response({"feeds": found if principal.sees_colleagues else list(map(selectors.without_people, found))})
