"""Calls of the product: several at one time, one beside a transaction, and the SQL statements of one."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Barrier, Event, Thread
from typing import Any

from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """The results of these calls, begun together in a thread each. What one raises fails the test."""
    barrier, found = Barrier(len(calls)), [None] * len(calls)
    errors: list[BaseException] = []

    def run(place: int, call: Callable[[], Any]) -> None:
        try:
            barrier.wait(10)
            found[place] = call()
        except BaseException as error:
            errors.append(error)
        finally:
            connections.close_all()

    threads = [Thread(target=run, args=each) for each in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive(), "somebody waits for ever"
    if errors:
        raise errors[0]
    return found


@contextmanager
def meanwhile(begin: Callable[[], object]) -> Iterator[None]:
    """Begin a transaction of another process with this call, and let it last while the block runs."""
    begun, ended = Event(), Event()

    def hold() -> None:
        with transaction.atomic():
            begin()
            begun.set()
            ended.wait(60)
        connections.close_all()

    thread = Thread(target=hold)
    thread.start()
    assert begun.wait(10)
    try:
        yield
    finally:
        ended.set()
        thread.join()


def statements(act: Callable[[], object]) -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        act()
    return [query["sql"] for query in captured.captured_queries]
