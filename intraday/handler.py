"""Requests by Django in one thread each, from the first middleware to the end of the answer (docs/adr/0039).

Django's own handler changes between its loop and a thread some ten times for a request (each signal, each middleware
that knows no `async`, the view, the end). It starts a thread for each request, and a connection to the database in it.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any, cast

from django.core import signals
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.db import close_old_connections
from django.http import FileResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import set_script_prefix
from rest_framework.response import Response

THREADS = 200
"""Requests in work at one time; others wait. It is more than the database has connections for: health checks, and
requests that are refused, need none."""
_threads = ThreadPoolExecutor(THREADS, thread_name_prefix="request")


class Handler(ASGIHandler):
    def load_middleware(self, is_async: bool = False) -> None:
        """Load it without `async`, so that no part of the chain leaves the thread."""
        super().load_middleware(is_async=False)

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        try:
            body = await self.read_body(receive)
        except RequestAborted:
            return
        loop = asyncio.get_running_loop()
        response = await loop.run_in_executor(_threads, copy_context().run, self._answer, scope, body)
        if response.closed:
            await self.send_response(response, send)
        else:
            await self._stream(cast("StreamingHttpResponse", response), receive, send)

    def _answer(self, scope: dict[str, Any], body: Any) -> HttpResponseBase:
        """Return the answer. It is closed, and the connection to the database free, however slowly the client reads;
        a stream is open, and has not begun."""
        with body:
            set_script_prefix(get_script_prefix(scope))
            signals.request_started.send(sender=type(self), scope=scope)
            request, refusal = self.create_request(scope, body)
            response = cast("HttpResponseBase", refusal if request is None else self.get_response(request))
            if isinstance(response, FileResponse):
                response.streaming_content = _asynchronous(iter(list(response)))
            elif isinstance(response, StreamingHttpResponse):
                close_old_connections()
                return response
            response.close()  # also the end of the request: signals.request_finished
            if isinstance(response, Response):
                _unbind(response)
            return response

    async def _stream(self, response: StreamingHttpResponse, receive: Any, send: Any) -> None:
        """Send part by part, each made when the client has room for it, in a thread of the stream's own. Between two
        parts the connection to the database is free. The stream ends early if the client leaves."""
        leaving = asyncio.ensure_future(receive())
        loop, context = asyncio.get_running_loop(), copy_context()
        content = iter(response)

        async def parts() -> AsyncIterator[bytes]:
            while not leaving.done():
                part = await loop.run_in_executor(thread, context.run, _next, content)
                if part is None:
                    return
                yield part

        with ThreadPoolExecutor(1, thread_name_prefix="stream") as thread:
            try:
                response.streaming_content = parts()
                await self.send_response(response, send)
            finally:
                leaving.cancel()
                await loop.run_in_executor(thread, context.run, response.close)


def _unbind(response: Any) -> None:
    """Part an answer of the REST framework, its view and its request, which refer to each other: what came in and what
    goes out, megabytes for a batch or a page, would wait for the collector of cycles."""
    view, request = (response.renderer_context[name] for name in ("view", "request"))
    view.request = view.response = request.parser_context = None
    response.data = response.renderer_context = None


def _next(content: Iterator[bytes]) -> bytes | None:
    try:
        return next(content, None)
    finally:
        close_old_connections()


async def _asynchronous(parts: Iterator[bytes]) -> AsyncIterator[bytes]:
    for part in parts:
        yield part
