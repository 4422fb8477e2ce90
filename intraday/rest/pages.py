"""Reading by scope and time: query parameters and cursor pages."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from django.http import QueryDict
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from intraday.org.access import Principal
from intraday.org.models import Scope
from intraday.org.scope_names import resolve_scopes
from intraday.rest.errors import NotFound
from intraday.rest.fields import ChoiceField, InstantField, QueueNameField, WholeField
from intraday.rest.permissions import check_scope

MAX_LIMIT = 1_000
DAY_SECONDS = 86_400
MANY = (serializers.MultipleChoiceField, serializers.ListField)


class OfOrganization(serializers.Serializer):
    organization_id = serializers.CharField(
        required=False, max_length=64, help_text="Defaults to the organization of the credential."
    )


class ScopeQuery(OfOrganization):
    """The scope of a request: a queue, a department (no queue_name) or the organization (neither)."""

    department_id = serializers.CharField(required=False, max_length=64)
    queue_name = QueueNameField(required=False)


class HistoryQuery(ScopeQuery):
    since = InstantField(required=False, help_text="Entries from this instant on.")
    until = InstantField(required=False, help_text="Entries before this instant.")
    cursor = InstantField(required=False, help_text="`next` of the page before.")
    step = WholeField(
        required=False, min_value=1, max_value=DAY_SECONDS, help_text="Only the last entry of every so many seconds."
    )
    limit = WholeField(required=False, min_value=1, max_value=MAX_LIMIT, default=200)
    format = ChoiceField(required=False, choices=["json", "csv"], default="json")


EVERYWHERE = frozenset({"format"})  # chooses the renderer; what a view does not offer is refused there
SHOWN = 64  # characters of a parameter's name that nobody knows


def read_query(serializer: type[serializers.Serializer], query: QueryDict) -> dict[str, Any]:
    """Return the checked parameters. A misspelled one is refused: ignored, it would answer another question."""
    if not query:
        return dict(_without_parameters(serializer))
    _check_known(serializer().fields, query)
    return _checked(serializer, query)


@cache
def _without_parameters(serializer: type[serializers.Serializer]) -> dict[str, Any]:
    return _checked(serializer, {})


def _check_known(fields: Mapping[str, serializers.Field], query: QueryDict) -> None:
    """Raise ValidationError for parameters that are unknown, or given twice where one counts."""
    allowed = sorted({*fields, *EVERYWHERE})
    errors = {}
    for name in query:
        if name not in allowed:
            errors[name[:SHOWN]] = [f"The parameter is unknown. Allowed here: {', '.join(allowed)}."]
        elif len(query.getlist(name)) > 1 and not isinstance(fields.get(name), MANY):
            errors[name] = ["The parameter is given more than once: send one value."]
    if errors:
        raise serializers.ValidationError(errors)


def read_body(serializer: type[serializers.Serializer], request: Request) -> dict[str, Any]:
    return _checked(serializer, request.data)


def _checked(serializer: type[serializers.Serializer], data: Any) -> dict[str, Any]:
    checked = serializer(data=data)
    checked.is_valid(raise_exception=True)
    return checked.validated_data  # type: ignore[no-any-return]


def scope_of(principal: Principal, query: dict[str, Any]) -> Scope:
    """The scope that the query names. Raises NotFound or PermissionDenied."""
    name = (query.get("department_id", ""), query.get("queue_name", ""))
    check_scope(principal, *name)
    within = principal.departments
    resolved = resolve_scopes(principal.organization, [name], create=False, within=within)
    if name in resolved.errors:
        raise NotFound
    return resolved.scopes[name]


def spell(instant: datetime) -> str:
    """Format an instant as a cursor, which InstantField parses again."""
    return instant.isoformat().replace("+00:00", "Z")


def page_response(request: Request, items: Sequence[Any], following: datetime | str | None) -> Response:
    """`{"items": […], "next": cursor | null}`; CSV has no place for a cursor, so a Link header names the next page."""
    cursor = spell(following) if isinstance(following, datetime) else following
    headers = {}
    if cursor is not None:
        query = request.query_params.copy()
        query["cursor"] = cursor
        headers["Link"] = f'<{request.build_absolute_uri("?" + query.urlencode())}>; rel="next"'
    return Response({"items": items, "next": cursor}, headers=headers)
