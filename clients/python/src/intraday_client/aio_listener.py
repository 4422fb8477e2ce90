"""Listening with an event loop; cancelling the task ends it."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI

from intraday_client.conversation import ConnectAgainError, Conversation
from intraday_client.protocol import AnyEvent
from intraday_client.sockets import LARGEST_MESSAGE, OPEN_WITHIN, close_of, proxy_for
from intraday_client.subscription import Subscription


class AsyncListener(Subscription):
    """See Listener. A function for credentials is called on the event loop, and must not block it for long."""

    def __init__(self, url: str, conversation: Conversation) -> None:
        super().__init__(url, conversation)
        self._events = self._run()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> AnyEvent:
        return await anext(self._events)

    async def close(self) -> None:
        """Close the connection of an iteration that was left early."""
        await self._events.aclose()

    async def _run(self) -> AsyncGenerator[AnyEvent, None]:
        while True:
            try:
                async for event in self._session():
                    yield event
            except (ConnectionClosed, InvalidHandshake, InvalidURI, OSError, ConnectAgainError) as error:
                await asyncio.sleep(self._conversation.closed(*close_of(error)))

    async def _session(self) -> AsyncGenerator[AnyEvent, None]:
        self._conversation.opened()
        proxy = proxy_for(self._url)
        async with connect(self._url, proxy=proxy, max_size=LARGEST_MESSAGE, open_timeout=OPEN_WITHIN) as socket:
            try:
                while True:
                    await self._say(socket)
                    for text in await self._hear(socket):
                        for event in self._conversation.receive(text):
                            yield event
            finally:
                await socket.close()  # the context would call an iteration that was left early an error

    async def _hear(self, socket: ClientConnection) -> list[str | bytes]:
        """Return the next message, or nothing where something is to be said meanwhile."""
        try:
            async with asyncio.timeout(self._conversation.patience):
                return [await socket.recv()]
        except TimeoutError:
            return []

    async def _say(self, socket: ClientConnection) -> None:
        for text in self._conversation.outgoing():
            await socket.send(text)
