"""Listening without an event loop: an iterator that connects, and connects again."""

from collections.abc import Iterator
from threading import Event
from typing import Self

from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI
from websockets.sync.client import ClientConnection, connect

from intraday_client.conversation import ConnectAgainError, Conversation
from intraday_client.protocol import AnyEvent
from intraday_client.sockets import LARGEST_MESSAGE, OPEN_WITHIN, close_of, proxy_for
from intraday_client.subscription import Subscription


class Listener(Subscription):
    """An iterator over events. `close` may be called from another thread, and ends it."""

    def __init__(self, url: str, conversation: Conversation) -> None:
        super().__init__(url, conversation)
        self._stopped = Event()
        self._socket: ClientConnection | None = None
        self._events = self._run()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> AnyEvent:
        return next(self._events)

    def close(self) -> None:
        """End the iteration, from another thread too."""
        self._stopped.set()
        if self._socket is not None:
            self._socket.close()

    def _run(self) -> Iterator[AnyEvent]:
        while not self._stopped.is_set():
            try:
                yield from self._session()
            except (ConnectionClosed, InvalidHandshake, InvalidURI, OSError, ConnectAgainError) as error:
                if self._stopped.is_set():
                    return
                self._stopped.wait(self._conversation.closed(*close_of(error)))

    def _session(self) -> Iterator[AnyEvent]:
        self._conversation.opened()
        proxy = proxy_for(self._url)
        with connect(self._url, proxy=proxy, max_size=LARGEST_MESSAGE, open_timeout=OPEN_WITHIN) as self._socket:
            try:
                while not self._stopped.is_set():
                    self._say(self._socket)
                    for text in self._hear(self._socket):
                        yield from self._conversation.receive(text)
            finally:
                self._socket.close()  # the context would call an iteration that was left early an error

    def _hear(self, socket: ClientConnection) -> list[str | bytes]:
        """Return the next message, or nothing where something is to be said meanwhile."""
        try:
            return [socket.recv(timeout=self._conversation.patience)]
        except TimeoutError:
            return []

    def _say(self, socket: ClientConnection) -> None:
        for text in self._conversation.outgoing():
            socket.send(text)
