"""`python -m intraday_client feed CONFIG`: a process that reads, posts, and remembers what it has posted."""

import argparse
import logging
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from threading import Event
from typing import Any, Protocol

from intraday_client.client import Client
from intraday_client.connectors.files import nothing_left, read_config, take
from intraday_client.connectors.folder import FolderFeed
from intraday_client.connectors.queue_log.feed import QueueLogFeed
from intraday_client.errors import ApiError, IntradayError
from intraday_client.kinds import Kind
from intraday_client.signals import call_on_signals

log = logging.getLogger("intraday_client")
PATIENCE = 60.0  # seconds for one request; then the round is tried again as a whole


class Feed(Protocol):
    def round(self, post: "Post") -> None:
        """Read what is new, post it, and only then keep that it was posted."""


class StoppedError(IntradayError):
    """The process was told to end while it waited for the server."""


class Post:
    """Posts rows; refused ones are logged, since posting them again would not help."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def __call__(self, kind: Kind[Any], rows: Iterable[Any]) -> None:
        for rejected in self._client.ingest(kind, rows).rejected:
            log.error("refused: %s %s", rejected.row, rejected.errors)


KINDS: dict[str, Callable[[dict[str, Any]], Feed]] = {
    "asterisk_queue_log": QueueLogFeed.from_config,
    "folder": FolderFeed.from_config,
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("config", type=Path, help="a TOML file; docs/connectors/ has one for each kind")
    parser.add_argument("--once", action="store_true", help="one round, then end")


def run(options: argparse.Namespace) -> int:
    config = read_config(options.config)
    kind, url = take(config, "kind", str), take(config, "url", str)
    every = take(config, "every_seconds", float, 10.0)
    key = config.pop("key", os.environ.get("INTRADAY_API_KEY", ""))
    feed = _make(kind, config | ({"_folder": str(options.config.parent)} if kind == "folder" else {}))
    stop = Event()
    with Client(url, key, patience=PATIENCE) as client, call_on_signals(stop.set):
        client.sleep = lambda seconds: _wait(stop, seconds)
        try:
            return _loop(feed, Post(client), stop, every, once=options.once)
        except StoppedError:
            return 0


def _make(kind: str, config: dict[str, Any]) -> Feed:
    if kind not in KINDS:
        raise IntradayError(f"kind = {kind!r} is none of {', '.join(KINDS)}")
    feed = KINDS[kind](config)
    nothing_left(config)
    return feed


def _loop(feed: Feed, post: Post, stop: Event, every: float, *, once: bool) -> int:
    while not stop.is_set():
        began = time.monotonic()
        try:
            feed.round(post)
        except (IntradayError, OSError) as error:
            if isinstance(error, StoppedError) or once or (isinstance(error, ApiError) and error.is_final):
                raise
            log.error("%s: trying again", error)
        if once:
            return 0
        stop.wait(max(0.0, began + every - time.monotonic()))
    return 0


def _wait(stop: Event, seconds: float) -> None:
    if stop.wait(seconds):
        raise StoppedError("told to end")
