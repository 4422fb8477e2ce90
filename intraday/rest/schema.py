"""Shapes that several documents share."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, inline_serializer
from rest_framework import serializers

from intraday.rest.batches import BatchQuery, SingleQuery
from intraday.rest.pages import HistoryQuery, ScopeQuery


class ErrorSchema(serializers.Serializer):
    """The one error shape."""

    code = serializers.CharField()
    message = serializers.CharField()
    errors = serializers.JSONField(  # type: ignore[assignment]  # hides a property that is of no use here
        required=False, help_text="By field, for a request with wrong fields."
    )
    request_id = serializers.CharField(
        required=False, help_text="As in the header X-Request-ID of the answer: the lines of our log have it."
    )

    docs_url = serializers.CharField(
        required=False, help_text="Leads to the page that explains the code; absent from errors of older versions."
    )

    class Meta:
        ref_name = "Error"


class EventRefSchema(serializers.Serializer):
    stream = serializers.CharField()
    seq = serializers.IntegerField()

    class Meta:
        ref_name = "EventRef"


def _errors(*statuses: int) -> dict[Any, Any]:
    """JSON, whatever else the view can answer in."""
    return {(status, "application/json"): ErrorSchema for status in statuses}


BAD_REQUESTS = _errors(400, 401, 403, 404, 406, 429, 503)
BAD_POSTS = BAD_REQUESTS | _errors(413, 415)
CREATING_POSTS = BAD_POSTS | _errors(409, 422)
"""Answers to posts that create something: they take an Idempotency-Key, and may reach a limit of the organization."""


class RejectedRowSchema(serializers.Serializer):
    index = serializers.IntegerField()
    errors = serializers.JSONField()  # type: ignore[assignment]  # as in ErrorSchema

    class Meta:
        ref_name = "RejectedRow"


class BatchErrorSchema(ErrorSchema):
    """The one error shape; where the body was a batch, with the reasons row by row."""

    accepted = serializers.IntegerField(required=False, help_text="0")
    results = serializers.ListField(child=serializers.JSONField(), required=False, max_length=0)
    rejected = RejectedRowSchema(many=True, required=False)

    class Meta:
        ref_name = "BatchError"


def batch_answers(name: str, row: type[serializers.Serializer]) -> dict[Any, Any]:
    result = type(f"{name}BatchRow", (row,), {"index": serializers.IntegerField()})
    answer = inline_serializer(
        f"{name}BatchAnswer",
        {
            "accepted": serializers.IntegerField(),
            "results": result(many=True),
            "rejected": RejectedRowSchema(many=True),
        },
    )
    return {201: answer, 207: answer, **CREATING_POSTS, (400, "application/json"): BatchErrorSchema}


def page_of(name: str, item: type[serializers.Serializer]) -> serializers.Serializer:
    fields = {"items": item(many=True), "next": serializers.CharField(allow_null=True)}
    return inline_serializer(f"{name}Page", fields)


def single_ingest(serializer: Any, row: type[serializers.Serializer]) -> dict[str, Any]:
    return {"request": serializer, "parameters": [SingleQuery], "responses": {201: row, **CREATING_POSTS}}


def batch_ingest(name: str, items: Any, row: type[serializers.Serializer]) -> dict[str, Any]:
    return {
        "request": inline_serializer(f"{name}Batch", {"items": items}),
        "parameters": [BatchQuery],
        "responses": batch_answers(name, row),
    }


IF_NONE_MATCH = OpenApiParameter(
    "If-None-Match",
    str,
    OpenApiParameter.HEADER,
    description="The `ETag` of an earlier answer: where only the ages of figures differ, the answer is 304.",
)


def of_scope() -> dict[str, Any]:
    """Return the fields by which an answer says what it is of."""
    return {
        "organization_id": serializers.CharField(),
        "department_id": serializers.CharField(allow_null=True),
        "queue_name": serializers.CharField(allow_null=True),
        "time_zone": serializers.CharField(),
    }


def current_of(name: str, figure: type[serializers.Serializer]) -> dict[str, Any]:
    fields: dict[str, Any] = {"current": figure(allow_null=True), "within": figure(many=True)}
    found = {200: inline_serializer(f"{name}Current", fields), 304: OpenApiResponse(description="As in If-None-Match.")}
    return {"parameters": [ScopeQuery, IF_NONE_MATCH], "responses": {**found, **BAD_REQUESTS}}


def history_of(name: str, figure: type[serializers.Serializer]) -> dict[str, Any]:
    found = {(200, "application/json"): page_of(name, figure), (200, "text/csv"): OpenApiTypes.STR}
    return {"parameters": [HistoryQuery], "responses": {**found, **BAD_REQUESTS}}


def match_any(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Let a row match several of the shapes offered: the longer of two has all fields of the shorter."""
    for shape in result["components"]["schemas"].values():
        if set(shape) == {"oneOf"}:
            shape["anyOf"] = shape.pop("oneOf")
    return result


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "intraday.rest.authentication.ApiKeyAuthentication"
    name = "ApiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`Api-Key ik_…`, as made by `manage.py apikey create`",
        }


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "intraday.rest.authentication.TokenAuthentication"
    name = "Token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {"type": "http", "scheme": "bearer", "description": "A token of `POST /api/ws/token`"}


class PersonScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "intraday.rest.authentication.PersonAuthentication"
    name = "Session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {"type": "apiKey", "in": "cookie", "name": "sessionid"}
