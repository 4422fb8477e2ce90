"""Answers of the server, typed: what became of each row, and why a request was refused."""

import json
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from intraday_client.batches import Batch
from intraday_client.errors import ApiError

Outcome = Literal["created", "corrected", "duplicate", "late", "superseded"]


@dataclass(frozen=True, slots=True)
class RowResult:
    """`index` counts over all rows that were given. `answer` is the whole answer to the row."""

    index: int
    result: Outcome
    warnings: list[str]
    answer: dict[str, Any]


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row that was refused, with its place among all rows that were given and the errors of its fields."""

    index: int
    row: Any
    errors: dict[str, Any]


@dataclass
class IngestResult:
    """The answers to all rows of one `ingest`, in their order."""

    results: list[RowResult] = field(default_factory=list)
    rejected: list[RejectedRow] = field(default_factory=list)

    @property
    def accepted(self) -> int:
        """The number of rows that were not refused."""
        return len(self.results)

    def raise_for_rejected(self) -> None:
        """Raise RejectedError if any row was refused."""
        if self.rejected:
            raise RejectedError(self)


class RejectedError(ApiError):
    """Rows were refused, one by one; the others are stored. `result` has both."""

    def __init__(self, result: IngestResult) -> None:
        first = result.rejected[0]
        words = f"{len(result.rejected)} rows were refused; row {first.index}: {first.errors}"
        super().__init__(400, "rows_rejected", words, errors=[each.errors for each in result.rejected])
        self.result = result


@dataclass(frozen=True, slots=True)
class Response:
    """As much of an HTTP response as is needed here."""

    status: int
    body: bytes
    retry_after: str | None = None

    def json(self) -> Any:
        """Return what the body says, or an empty object for one that is no JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return {}


def add_answer(result: IngestResult, batch: Batch, response: Response) -> None:
    """Add the answer to a batch. Raises ApiError where it is not an answer to its rows."""
    body = response.json()
    known = isinstance(body, dict) and ("results" in body or "rejected" in body)
    if not known or response.status not in {200, 201, 207, 400}:
        raise api_error(response)
    for each in body.get("results", []):
        index, warnings = batch.first + each["index"], each.get("warnings") or []
        result.results.append(RowResult(index, cast(Outcome, each["result"]), warnings, each))
    for each in body.get("rejected", []):
        row = batch.rows[each["index"]]
        result.rejected.append(RejectedRow(batch.first + each["index"], row, each["errors"]))


def answer_of(response: Response) -> Any:
    if not 200 <= response.status < 300:
        raise api_error(response)
    return response.json()


def api_error(response: Response) -> ApiError:
    body = response.json()
    body = body if isinstance(body, dict) else {}
    message = body.get("message") or "not an answer of the intraday API: is the address right?"
    said, request = body.get("errors") or body.get("rejected"), str(body.get("request_id", ""))
    return ApiError(response.status, str(body.get("code", "")), str(message), errors=said, request_id=request)
