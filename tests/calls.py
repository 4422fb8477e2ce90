"""Calls of the product: several at one time, and the SQL statements of one."""

from collections.abc import Callable
from threading import Barrier, Thread
from typing import Any

from django.db import connection, connections
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


def statements(act: Callable[[], object]) -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        act()
    return [query["sql"] for query in captured.captured_queries]
