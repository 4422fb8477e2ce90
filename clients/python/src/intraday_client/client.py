"""The client for programs without an event loop."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar, Unpack

import httpx2 as httpx

from intraday_client import requests
from intraday_client.answers import IngestResult, Response
from intraday_client.kinds import Kind
from intraday_client.listener import Listener
from intraday_client.retries import Failure, Retries, Send, Steps, Wait
from intraday_client.subscription import ListenOptions, conversation_of
from intraday_client.transport import arguments, options, request_headers, socket_url

Row = TypeVar("Row")
T = TypeVar("T")


class Client:
    """`key` is an API key (`ik_…`): of scope ingest for posting, of scope read for reading and listening.

    `patience` is how long one request is tried again, in seconds.
    """

    def __init__(self, url: str, key: str = "", *, patience: float = 120.0) -> None:
        self.url, self.key = url.rstrip("/"), key
        self._retries = Retries(patience)
        self._http = httpx.Client(**options(self.url, key))
        self.sleep: Callable[[float], object] = time.sleep
        """Waits so many seconds between two attempts; one that raises ends the attempts."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: type[BaseException] | None, _e: BaseException | None, _tb: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections; `with` does so at its end."""
        self._http.close()

    def ingest(self, kind: Kind[Row], rows: Iterable[Row], *, dry_run: bool = False) -> IngestResult:
        """Post rows in as many batches as it takes; sending rows twice is harmless, they are answered `duplicate`.

        Rows that are refused are in the result, and raise nothing. Raises ApiError where a whole request is refused,
        NoAnswerError where no answer comes.
        """
        return self._perform(requests.ingest(self._retries, kind, rows, dry_run=dry_run))

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> Any:
        """Read any address of the API, such as `/api/intraday/kpi/current`."""
        return self._perform(requests.call(self._retries, "GET", path, None, params or {}))

    def post(self, path: str, data: Mapping[str, Any], params: Mapping[str, Any] | None = None) -> Any:
        """Post one object to any address of the API, such as `/api/intraday/kpi/compute`."""
        return self._perform(requests.call(self._retries, "POST", path, data, params or {}))

    def listen(self, channels: Sequence[str] = (), **options: Unpack[ListenOptions]) -> Listener:
        """Return an iterator over what happens in these channels or `rooms`, over all reconnects.

        `since` goes on where the `positions` of an earlier listener stood; `durable` lets the server remember it under
        that name. `credentials` is a token, or a function that fetches one; else the key of the client is used.
        """
        return Listener(socket_url(self.url), conversation_of(channels, self.key, **options))

    def _perform(self, steps: Steps[T]) -> T:
        reply: Response | Failure | None = None
        while True:
            try:
                step = steps.send(reply)
            except StopIteration as done:
                return done.value  # type: ignore[no-any-return]
            if isinstance(step, Wait):
                self.sleep(step.seconds)
                reply = None
            else:
                reply = self._send(step)

    def _send(self, step: Send) -> Response | Failure:
        try:
            response = self._http.request(**arguments(step), headers=request_headers(step))
        except httpx.RequestError as error:  # the connection failed, or its answer cannot be decoded
            return Failure(str(error) or type(error).__name__)
        return Response(response.status_code, response.content, response.headers.get("Retry-After"))
