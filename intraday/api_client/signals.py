"""Ending politely: the first Ctrl-C or SIGTERM asks, the second insists."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from types import FrameType

ENDINGS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def stop_on_signals() -> Iterator[Event]:
    """Main thread only, as signal handlers are."""
    stop = Event()
    before = {number: signal.getsignal(number) for number in ENDINGS}

    def ask(number: int, _frame: FrameType | None) -> None:
        stop.set()
        signal.signal(number, signal.SIG_DFL)

    for number in ENDINGS:
        signal.signal(number, ask)
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
