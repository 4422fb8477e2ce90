"""The parts of the OpenAPI document that serializers cannot say."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter

from alerts.actions.effects import MeasuredInterval
from alerts.actions.events import ActionNoted
from alerts.actions.serializers import ActionSerializer, ActionsQuery
from intraday.rest.schema import BAD_REQUESTS, CREATING_POSTS, page_of
from intraday.rest.struct_serializers import serializer_of


class NotedAction(serializer_of(ActionNoted)):  # type: ignore[misc]
    """An action, and the intervals measured after it."""

    measured = serializer_of(MeasuredInterval)(many=True)


ACTIONS: dict[str, Any] = {
    "parameters": [ActionsQuery],
    "responses": {
        (200, "application/json"): page_of("Action", NotedAction),
        (200, "text/csv"): OpenApiTypes.STR,
        **BAD_REQUESTS,
    },
}
NOTE_ACTION: dict[str, Any] = {
    "request": ActionSerializer,
    "parameters": [OpenApiParameter("format", exclude=True)],
    "responses": {(201, "application/json"): NotedAction, **CREATING_POSTS},
}
