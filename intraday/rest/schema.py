"""Shapes that several documents share."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.utils import inline_serializer
from rest_framework import serializers


class ErrorSchema(serializers.Serializer):
    """The one error shape."""

    code = serializers.CharField()
    message = serializers.CharField()
    errors = serializers.JSONField(  # type: ignore[assignment]  # hides a property that is of no use here
        required=False, help_text="By field, for a request with wrong fields."
    )

    class Meta:
        ref_name = "Error"


class EventRefSchema(serializers.Serializer):
    stream = serializers.CharField()
    seq = serializers.IntegerField()

    class Meta:
        ref_name = "EventRef"


BAD_REQUESTS: dict[int, Any] = {
    400: ErrorSchema,
    401: ErrorSchema,
    403: ErrorSchema,
    404: ErrorSchema,
    413: ErrorSchema,
    503: ErrorSchema,
}


def batch_answer(name: str, row: type[serializers.Serializer]) -> serializers.Serializer:
    result = type(f"{name}BatchRow", (row,), {"index": serializers.IntegerField()})
    rejected = inline_serializer(
        f"{name}Rejected", {"index": serializers.IntegerField(), "errors": serializers.JSONField()}, many=True
    )
    return inline_serializer(
        f"{name}BatchAnswer",
        {"accepted": serializers.IntegerField(), "results": result(many=True), "rejected": rejected},
    )


def page_of(name: str, item: type[serializers.Serializer]) -> serializers.Serializer:
    fields = {"items": item(many=True), "next": serializers.CharField(allow_null=True)}
    return inline_serializer(f"{name}Page", fields)


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


class PersonScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "intraday.rest.authentication.PersonAuthentication"
    name = "Session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {"type": "apiKey", "in": "cookie", "name": "sessionid"}
