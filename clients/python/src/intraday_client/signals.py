"""Ending politely: the first Ctrl-C or SIGTERM asks, the second insists."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread
from types import FrameType


@contextmanager
def call_on_signals(end: Callable[[], None]) -> Iterator[None]:
    """Call `end` from a thread of its own: a handler must take no lock that the interrupted code may hold."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.getsignal(number) for number in numbers}

    def ask(number: int, _frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        Thread(target=end, daemon=True).start()

    for number in numbers:
        signal.signal(number, ask)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
