"""The same client for programs with an event loop."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar, Unpack

import httpx2 as httpx

from intraday_client import requests
from intraday_client.aio_listener import AsyncListener
from intraday_client.answers import IngestResult, Response
from intraday_client.kinds import Kind
from intraday_client.retries import Failure, Retries, Send, Steps, Wait
from intraday_client.subscription import ListenOptions, conversation_of
from intraday_client.transport import arguments, options, request_headers, socket_url

Row = TypeVar("Row")
T = TypeVar("T")


class AsyncClient:
    """See Client: every method is the same, to be awaited; `listen()` is iterated with `async for`."""

    def __init__(self, url: str, key: str = "", *, patience: float = 120.0) -> None:
        self.url, self.key = url.rstrip("/"), key
        self._retries = Retries(patience)
        self._http = httpx.AsyncClient(**options(self.url, key))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _e: BaseException | None, _tb: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        await self._http.aclose()

    async def ingest(self, kind: Kind[Row], rows: Iterable[Row], *, dry_run: bool = False) -> IngestResult:
        return await self._perform(requests.ingest(self._retries, kind, rows, dry_run=dry_run))

    async def get(self, path: str, params: Mapping[str, Any] | None = None) -> Any:
        return await self._perform(requests.call(self._retries, "GET", path, None, params or {}))

    async def post(self, path: str, data: Mapping[str, Any], params: Mapping[str, Any] | None = None) -> Any:
        return await self._perform(requests.call(self._retries, "POST", path, data, params or {}))

    def listen(self, channels: Sequence[str] = (), **options: Unpack[ListenOptions]) -> AsyncListener:
        return AsyncListener(socket_url(self.url), conversation_of(channels, self.key, **options))

    async def _perform(self, steps: Steps[T]) -> T:
        reply: Response | Failure | None = None
        while True:
            try:
                step = steps.send(reply)
            except StopIteration as done:
                return done.value  # type: ignore[no-any-return]
            if isinstance(step, Wait):
                await asyncio.sleep(step.seconds)
                reply = None
            else:
                reply = await self._send(step)

    async def _send(self, step: Send) -> Response | Failure:
        try:
            response = await self._http.request(**arguments(step), headers=request_headers(step))
        except httpx.RequestError as error:  # the connection failed, or its answer cannot be decoded
            return Failure(str(error) or type(error).__name__)
        return Response(response.status_code, response.content, response.headers.get("Retry-After"))
