"""WebSocket frames in wire format: made once, written to many connections."""

import struct
import zlib
from functools import lru_cache

WINDOW_BITS = 12
DEFLATE_ABOVE = 1024  # bytes; below, a compressed message saves less than the client's work is worth
REMEMBERED_BYTES = 16 * 1024
_LEVEL, _MEMORY = 4, 5  # a small state: it is made anew for each message
_PLAIN, _COMPRESSED = 0x81, 0xC1  # final text frames, the second with RSV1 (RFC 7692, 6)


def frame(text: bytes) -> bytes:
    """Return an unmasked, unfragmented WebSocket text frame (RFC 6455, 5.2)."""
    return _framed(_PLAIN, text)


def deflated_frame(text: bytes) -> bytes:
    """Return a compressed frame for clients that negotiated it; a plain one where compression saves too little."""
    if len(text) <= DEFLATE_ABOVE:
        return frame(text)
    return _remembered(text) if len(text) <= REMEMBERED_BYTES else _deflated(text)


def _deflated(text: bytes) -> bytes:
    """Compress a message by itself (no context takeover): one frame serves every connection (RFC 7692, 7.2.1)."""
    compressor = zlib.compressobj(_LEVEL, zlib.DEFLATED, -WINDOW_BITS, _MEMORY)
    body = compressor.compress(text) + compressor.flush(zlib.Z_SYNC_FLUSH)
    body = body.removesuffix(b"\x00\x00\xff\xff")
    return _framed(_COMPRESSED, body) if len(body) < len(text) else frame(text)


_remembered = lru_cache(maxsize=512)(_deflated)  # audiences with different rooms get the same events


def _framed(first: int, body: bytes) -> bytes:
    size = len(body)
    if size < 126:
        return struct.pack("!BB", first, size) + body
    if size < 65_536:
        return struct.pack("!BBH", first, 126, size) + body
    return struct.pack("!BBQ", first, 127, size) + body
