"""Connections of the channel layer that notice their end, and wait for a message as long as it takes.

redis-py takes ETIMEDOUT, by which the kernel ends a silent connection, for "no message yet": the layer would then ask
again at once, and again, and the event loop of the process would do nothing else.

channels_redis asks for the next message with a timeout of 0.1 s and then asks again. The timer costs as much as the
message, and ends nothing that the kernel would not end.
"""

import math
from typing import Any

from redis import asyncio as aioredis
from redis.asyncio.sentinel import SentinelManagedConnection, SentinelManagedSSLConnection
from redis.exceptions import ConnectionError as RedisConnectionError


class _NoticesItsEnd:
    async def read_response(self, *args: Any, **options: Any) -> Any:
        reader = self._reader  # type: ignore[attr-defined]
        error = None if reader is None else reader.exception()
        if error is not None:
            await self.disconnect(nowait=True)  # type: ignore[attr-defined]
            raise RedisConnectionError(f"The connection has ended: {error}") from error
        if options.get("push_request") and options.get("timeout") is not None:  # a receiver's wait, no command's answer
            options["timeout"] = math.inf
        return await super().read_response(*args, **options)  # type: ignore[misc]


class Connection(_NoticesItsEnd, aioredis.Connection):
    pass


class SSLConnection(_NoticesItsEnd, aioredis.SSLConnection):
    pass


class WatchedConnection(_NoticesItsEnd, SentinelManagedConnection):
    """A connection to the primary that sentinels name."""


class WatchedSSLConnection(_NoticesItsEnd, SentinelManagedSSLConnection):
    """A connection to the primary that sentinels name."""
