"""`GET /api/audit`: the audit log of an organization, for its administrators."""

from typing import Any

from django.http import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.views import APIView

from intraday.audit import services as audit
from intraday.audit.models import AuditEntry
from intraday.org.access import Grant
from intraday.rest.csv_renderer import ItemsCSVRenderer
from intraday.rest.exports import answer_pages, days_of, file_name, is_csv
from intraday.rest.fields import ChoiceField, InstantField, WholeField
from intraday.rest.json import JSONRenderer
from intraday.rest.pages import MAX_LIMIT, OfOrganization, read_query
from intraday.rest.permissions import SignedIn, check_organization_level, enter
from intraday.rest.schema import BAD_REQUESTS

COLUMNS = ("at", "actor", "action", "target", "address", "request_id", "before", "after")


class AuditQuery(OfOrganization):
    since = InstantField(required=False, help_text="Entries from this instant on.")
    until = InstantField(required=False, help_text="Entries before this instant.")
    action = serializers.CharField(
        required=False, max_length=64, help_text="`rule.changed`, or `rule.` for all that begin so."
    )
    actor = serializers.CharField(required=False, max_length=150)
    cursor = WholeField(required=False, min_value=1, max_value=2**63 - 1, help_text="`next` of the page before.")
    limit = WholeField(required=False, min_value=1, max_value=MAX_LIMIT, default=200)
    format = ChoiceField(required=False, choices=["json", "csv"], default="json")


_entry = inline_serializer(
    "AuditEntry",
    {
        "at": serializers.DateTimeField(),
        "actor": serializers.CharField(help_text="The person, key, link or command."),
        "action": serializers.CharField(help_text="Such as `rule.changed`."),
        "target": serializers.CharField(),
        "before": serializers.DictField(allow_null=True, help_text="The fields that changed, as they were."),
        "after": serializers.DictField(allow_null=True, help_text="The fields that changed, as they are since."),
        "address": serializers.CharField(help_text="The address of the caller; empty for jobs and commands."),
        "request_id": serializers.CharField(),
    },
    many=True,
)


class AuditView(APIView):
    """List the audit log of an organization, newest first. A CSV without `limit` and `cursor` has all of it."""

    permission_classes = [SignedIn]
    renderer_classes = [JSONRenderer, ItemsCSVRenderer]
    csv_columns = COLUMNS

    @extend_schema(
        parameters=[AuditQuery],
        responses={
            (200, "application/json"): inline_serializer(
                "AuditPage", {"items": _entry, "next": serializers.CharField(allow_null=True)}
            ),
            (200, "text/csv"): OpenApiTypes.STR,
            **BAD_REQUESTS,
        },
    )
    def get(self, request: Request) -> HttpResponseBase:
        query = read_query(AuditQuery, request.query_params)
        principal = enter(request, query.get("organization_id"), grant=Grant.MANAGE)
        check_organization_level(principal)  # an entry may name any department
        rows = audit.entries(
            principal.organization.id,
            since=query.get("since"),
            until=query.get("until"),
            action=query.get("action", ""),
            actor=query.get("actor", ""),
        )

        def page(cursor: int | None, limit: int) -> tuple[list[dict[str, Any]], int | None]:
            found = list((rows if cursor is None else rows.filter(pk__lt=cursor))[: limit + 1])
            entries = [_described(entry, as_text=is_csv(request)) for entry in found[:limit]]
            return entries, found[limit - 1].pk if len(found) > limit else None

        days = days_of(principal.organization, query.get("since"), query.get("until"))
        name = file_name("audit", [principal.organization.id], *days)
        return answer_pages(request, principal.organization, query, page, name=name)


def _described(entry: AuditEntry, *, as_text: bool) -> dict[str, Any]:
    """Return an entry; in CSV the changed fields are one cell of `name: value` lines."""
    item = {name: getattr(entry, name) for name in COLUMNS}
    if as_text:
        for name in ("before", "after"):
            item[name] = "; ".join(f"{field}: {value}" for field, value in (item[name] or {}).items())
    return item
