"""What the embedded run needs beside the server: its listening sockets, and Celery inside the process."""

import errno
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address

from celery.beat import EmbeddedService
from celery.signals import task_postrun, task_prerun
from celery.worker import WorkController
from django.db import close_old_connections

from intraday.celery import app

_IN_USE = (errno.EADDRINUSE, errno.EACCES)


class PortTakenError(Exception):
    pass


def is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def bind(host: str, port: int) -> list[socket.socket]:
    """Listening sockets; 'localhost' means 127.0.0.1 and, where the machine has it, ::1. Raises PortTakenError."""
    if host != "localhost":
        return [_listen(host, port)]
    first = _listen("127.0.0.1", port)
    try:
        return [first, _listen("::1", first.getsockname()[1])]
    except PortTakenError:
        first.close()
        raise
    except OSError:  # a machine without IPv6
        return [first]


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(2048)
    except OSError as error:
        listener.close()
        if error.errno in _IN_USE:
            why = "is taken" if error.errno == errno.EADDRINUSE else "needs root"
            raise PortTakenError(f"Port {port} on {host} {why}.") from error
        raise
    return listener


@contextmanager
def jobs() -> Iterator[None]:
    """Celery's worker and beat in threads, on the in-memory broker, for as long as the block lasts."""
    app.loader.import_default_modules()  # before beat: unknown tasks would be dropped without a word
    for signal in (task_prerun, task_postrun):
        signal.connect(_close_connections, dispatch_uid=f"embedded-{signal.name}")
    worker = WorkController(app=app, pool="threads", concurrency=2, without_gossip=True, without_mingle=True)
    beat = EmbeddedService(app, thread=True, scheduler_cls="celery.beat:Scheduler")
    threading.Thread(target=worker.start, name="celery-worker", daemon=True).start()
    beat.start()
    try:
        yield
    finally:
        beat.stop()
        worker.stop()  # waits for the tasks under way; the thread would look at an idle broker for seconds more


def _close_connections(**_: object) -> None:
    close_old_connections()  # each worker thread has connections of its own
