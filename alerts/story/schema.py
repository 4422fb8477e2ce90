"""The parts of the OpenAPI document that serializers cannot say."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import inline_serializer
from rest_framework import serializers

from alerts.serializers import ValueField
from alerts.story.items import AlertStep, StoryItem
from alerts.story.serializers import StoryQuery
from alerts.story.summary import Summary
from intraday.rest.schema import BAD_REQUESTS, of_scope
from intraday.rest.struct_serializers import described

_AlertStep = described(
    AlertStep,
    "AlertStep",
    AlertStep.__doc__,
    value=ValueField(allow_null=True),
    threshold=ValueField(allow_null=True),
)
_StoryItem = described(StoryItem, "StoryItem", StoryItem.__doc__, alert=_AlertStep(required=False))
_Summary = described(Summary, "StorySummary", Summary.__doc__, actions=_StoryItem(many=True))

STORY: dict[str, Any] = {
    "parameters": [StoryQuery],
    "responses": {
        (200, "application/json"): inline_serializer(
            "Story",
            {
                **of_scope(),
                "date": serializers.DateField(),
                "since": serializers.DateTimeField(help_text="The begin of the local day."),
                "until": serializers.DateTimeField(help_text="Its end: 23 to 25 hours later."),
                "items": _StoryItem(many=True),
                "next": serializers.CharField(allow_null=True, help_text="The cursor of the next page."),
                "summary": _Summary(allow_null=True, help_text="On the first page alone."),
            },
        ),
        (200, "text/csv"): OpenApiTypes.STR,
        **BAD_REQUESTS,
    },
}
