"""Requests of the client, as steps that a sync or an async client performs."""

from collections.abc import Iterable, Mapping
from typing import Any

from intraday_client.answers import IngestResult, Response, add_answer, answer_of
from intraday_client.batches import encode, split
from intraday_client.errors import IntradayError
from intraday_client.kinds import Kind
from intraday_client.retries import Retries, Send, Steps


def ingest(retries: Retries, kind: Kind[Any], rows: Iterable[Any], *, dry_run: bool) -> Steps[IngestResult]:
    """Post the rows, one batch after the other. An error leaves what was answered before in its `partial`."""
    result = IngestResult()
    params = {"dry_run": "true"} if dry_run else {}
    try:
        for batch in split(rows):
            request = Send("POST", kind.path, batch.body, batch.key, params)
            response: Response = yield from retries.exchange(request)
            add_answer(result, batch, response)
    except IntradayError as error:
        error.partial = result
        raise
    return result


def call(retries: Retries, method: str, path: str, data: Any, params: Mapping[str, Any]) -> Steps[Any]:
    """Return the JSON of the answer. Raises ApiError."""
    body = None if data is None else encode(data)
    response: Response = yield from retries.exchange(Send(method, path, body, "", dict(params)))
    return answer_of(response)
