"""Django's requests over ASGI: one thread for each, which is used again, and nothing held while the client reads."""

import asyncio
import gc
import threading
from collections.abc import Iterator
from typing import Any, ClassVar
from weakref import ref

import pytest
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.test import override_settings
from django.urls import path
from rest_framework.decorators import api_view, authentication_classes, permission_classes
from rest_framework.request import Request
from rest_framework.response import Response

from intraday.connections.database import pool_stats
from intraday.handler import THREADS, Handler
from intraday.org.models import Organization

threads: list[str] = []


def seen(get_response: Any) -> Any:
    """Note the thread of each request."""

    def handle(request: HttpRequest) -> HttpResponseBase:
        threads.append(threading.current_thread().name)
        return get_response(request)  # type: ignore[no-any-return]

    return handle


def counting(request: HttpRequest) -> HttpResponse:
    threads.append(threading.current_thread().name)
    return HttpResponse(str(Organization.objects.count()))


class Stream(StreamingHttpResponse):
    closed_in: ClassVar[list[str]] = []

    def close(self) -> None:
        super().close()
        self.closed_in.append(threading.current_thread().name)


def streaming(request: HttpRequest) -> StreamingHttpResponse:
    def parts() -> Iterator[bytes]:
        for _ in range(5):
            threads.append(threading.current_thread().name)
            yield f"{Organization.objects.count()},".encode()

    return Stream(parts())


def failing(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("broken")


class Rows(dict[str, str]):
    """The content of an answer, which tells when it is gone."""


made: list[ref[Any]] = []


@api_view(["GET"])
@permission_classes([])
@authentication_classes([])
def listing(request: Request) -> Response:
    rows = Rows(key="value")
    response = Response(rows)
    made.extend(map(ref, (rows, request, response)))
    return response


urlpatterns = [path("list", listing), path("count", counting), path("stream", streaming), path("fail", failing)]
SETTINGS = {"ROOT_URLCONF": __name__, "MIDDLEWARE": [f"{__name__}.seen"], "DEBUG": False, "ALLOWED_HOSTS": ["*"]}


class Answer:
    """An answer as a server takes it, message by message."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.free_connections: list[int | None] = []
        self.left = asyncio.Event()  # the client leaves
        self.left_after: int | None = None  # messages

    async def send(self, message: dict[str, Any]) -> None:
        self.free_connections.append(pool_stats().get("default", {}).get("pool_available"))
        self.messages.append(message)
        if len(self.messages) == self.left_after:
            self.left.set()
            await asyncio.sleep(0)  # the handler hears of it

    @property
    def status(self) -> int:
        return int(self.messages[0]["status"])

    @property
    def body(self) -> bytes:
        return b"".join(each.get("body", b"") for each in self.messages)


async def get(target: str, *incoming: dict[str, Any], left_after: int | None = None) -> Answer:
    scope = {"type": "http", "method": "GET", "path": target, "query_string": b"", "headers": []}
    waiting = list(incoming or [{"type": "http.request", "body": b"", "more_body": False}])

    answer = Answer()
    answer.left_after = left_after

    async def receive() -> dict[str, Any]:
        if not waiting:
            await answer.left.wait()
            return {"type": "http.disconnect"}
        return waiting.pop(0)

    threads.clear()
    Stream.closed_in.clear()
    with override_settings(**SETTINGS):
        await Handler()(scope, receive, answer.send)
    return answer


@pytest.mark.django_db(transaction=True)
async def test_a_request_stays_in_one_thread_and_threads_are_used_again():
    used: list[str] = []
    while len(used) == len(set(used)):  # a thread that has answered is free a moment later
        assert len(used) < THREADS
        assert (await get("/count")).status == 200
        assert len(threads) == 2
        used += set(threads)
    assert threading.current_thread().name not in used


@pytest.mark.django_db(transaction=True)
async def test_the_connection_to_the_database_is_free_before_the_client_reads_the_answer():
    await get("/count")
    before = pool_stats()["default"]
    answer = await get("/count")
    assert answer.body == b"0"
    assert pool_stats()["default"]["requests_num"] == before["requests_num"] + 1
    assert set(answer.free_connections) == {before["pool_available"]} == {before["pool_size"]}


@pytest.mark.django_db(transaction=True)
async def test_a_stream_has_a_thread_of_its_own_and_holds_no_connection_between_its_parts():
    await get("/count")
    size = pool_stats()["default"]["pool_size"]
    answer = await get("/stream")
    assert [each["body"] for each in answer.messages[1:] if each.get("body")] == [b"0,"] * 5
    assert answer.messages[-1].get("more_body", False) is False
    assert set(answer.free_connections) == {size}
    view, *parts = threads
    assert {*parts, *Stream.closed_in} == {parts[0]} != {view}


@pytest.mark.django_db(transaction=True)
async def test_a_stream_ends_early_where_the_client_leaves_and_is_closed():
    answer = await get("/stream", left_after=3)
    assert answer.body == b"0,0,"
    assert len(Stream.closed_in) == 1


async def test_an_error_of_a_view_is_an_answer_of_500():
    answer = await get("/fail")
    assert answer.status == 500
    assert b"broken" not in answer.body


async def test_a_client_that_leaves_before_the_end_of_its_body_starts_nothing():
    answer = await get(
        "/count", {"type": "http.request", "body": b"half", "more_body": True}, {"type": "http.disconnect"}
    )
    assert answer.messages == []
    assert threads == []


@pytest.mark.django_db(transaction=True)
async def test_request_and_answer_are_gone_without_the_collector():
    assert (await get("/list")).status == 200  # what is loaded at first use
    gc.collect()
    gc.disable()
    try:
        answer = await get("/list")
        assert answer.body == b'{"key":"value"}'
        async with asyncio.timeout(20):  # until the loop and the thread have let go of what they handed over
            while any(each() is not None for each in made[-3:]):
                await asyncio.sleep(0.01)
    finally:
        gc.enable()
