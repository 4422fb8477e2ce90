"""Reading batches row by row and answering them row by row: good rows are taken, bad ones named."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from rest_framework import serializers, status
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from intraday.org.access import Principal
from intraday.rest.errors import NotFound, error_body
from intraday.rest.permissions import enter

MAX_ROWS = 5_000
MAX_ORGANIZATIONS = 10  # looked at to find the caller's


@dataclass
class Rows:
    """The rows of a request. Indexes are those of the request's `items`."""

    valid: dict[int, dict[str, Any]] = field(default_factory=dict)
    rejected: dict[int, Any] = field(default_factory=dict)
    warnings: dict[int, list[str]] = field(default_factory=dict)


def read_row(serializer: serializers.Serializer, data: object) -> Rows:
    """The single row of a plain ingest; raises ValidationError."""
    rows = _read(serializer, [data])
    if rows.rejected:
        raise ValidationError(rows.rejected[0])
    return rows


def read_rows(serializer: serializers.Serializer, request: Request) -> Rows:
    """The rows of `{"items": […]}`. Raises ValidationError when the body is no batch at all."""
    items = request.data.get("items") if isinstance(request.data, Mapping) else None
    if not isinstance(items, list):
        raise ValidationError({"items": ["A list of rows is required."]})
    if not 1 <= len(items) <= MAX_ROWS:
        raise ValidationError({"items": [f"1 to {MAX_ROWS} rows are allowed, not {len(items)}."]})
    return _read(serializer, items)


def _read(serializer: serializers.Serializer, items: Sequence[object]) -> Rows:
    rows, known = Rows(), frozenset(serializer.fields)
    for index, item in enumerate(items):
        try:
            rows.valid[index] = serializer.run_validation(item)
        except ValidationError as error:
            said = error.detail
            rows.rejected[index] = said if isinstance(said, Mapping) else {"non_field_errors": said}
        else:
            if unknown := sorted(set(item) - known):  # type: ignore[call-overload]
                rows.warnings[index] = [f"Unknown field '{name[:64]}' was ignored." for name in unknown[:10]]
    return rows


def enter_batch(request: Request, rows: Rows, *, grant: str) -> Principal:
    """The caller inside the first organization named that is theirs; rows of any other are rejected one by one.

    Raises NotFound where none is theirs, or PermissionDenied.
    """
    named = list(dict.fromkeys(row.get("organization_id") for row in rows.valid.values())) or [None]
    for organization_id in named[:MAX_ORGANIZATIONS]:
        with suppress(NotFound):
            principal = enter(request, organization_id, grant=grant)
            _reject_foreign(rows, principal.organization.id)
            return principal
    raise NotFound


def _reject_foreign(rows: Rows, organization_id: str) -> None:
    foreign = [i for i, row in rows.valid.items() if row.get("organization_id", organization_id) != organization_id]
    for index in foreign:
        del rows.valid[index]
        rows.rejected[index] = {"organization_id": ["There is no such organization, or you are not a member of it."]}


def batch_response(results: Mapping[int, Mapping[str, Any]], rejected: Mapping[int, Any]) -> Response:
    """201 all rows taken, 207 some, 400 none."""
    body = {
        "accepted": len(results),
        "results": [{"index": index, **results[index]} for index in sorted(results)],
        "rejected": [{"index": index, "errors": rejected[index]} for index in sorted(rejected)],
    }
    if not rejected:
        return Response(body, status=status.HTTP_201_CREATED)
    if results:
        return Response(body, status=status.HTTP_207_MULTI_STATUS)
    return Response(
        {**error_body("invalid", "No row was stored: every row has an error."), **body},
        status=status.HTTP_400_BAD_REQUEST,
    )


class SingleQuery(serializers.Serializer):
    """Options of an ingest of one row."""

    dry_run = serializers.BooleanField(required=False, default=False, help_text="Check and answer, store nothing.")


class BatchQuery(SingleQuery):
    """Options of an ingest of many rows."""

    atomic = serializers.BooleanField(required=False, default=False, help_text="All rows or none.")
