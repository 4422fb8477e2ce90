"""JSON in and out by msgspec: strict (no NaN, no infinity, valid UTF-8), bounded, and fast on large batches."""

import zlib
from collections.abc import Mapping
from typing import IO, Any

import msgspec
from django.conf import settings
from rest_framework import status
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer

from intraday.rest.errors import TooLarge

DEEPEST = 64
"""Levels of lists and objects in a body. Deeper ones would be too deep for what reads them later."""


class UnsupportedEncoding(APIException):
    status_code = status.HTTP_415_UNSUPPORTED_MEDIA_TYPE
    default_code = "unsupported_encoding"
    default_detail = "The Content-Encoding of the body is none that is read here: send gzip, or leave it out."


class JSONParser(BaseParser):
    media_type = "application/json"

    def parse(self, stream: IO[bytes], media_type: str | None = None, context: Mapping[str, Any] | None = None) -> Any:
        body = stream.read(settings.MAX_REQUEST_BYTES + 1)
        if len(body) > settings.MAX_REQUEST_BYTES:
            raise TooLarge
        if context is not None:
            body = _decoded(body, context["request"])
        try:
            found = msgspec.json.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise ParseError(f"The body is not JSON: {error}", code="not_json") from error
        if body.count(b"[") + body.count(b"{") > DEEPEST and _is_deeper(found, DEEPEST):
            raise ParseError(f"The body has lists or objects in more than {DEEPEST} levels.", code="invalid")
        return found


def _is_deeper(value: Any, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    inside = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_is_deeper(each, levels - 1) for each in inside if isinstance(each, dict | list))


def _decoded(body: bytes, request: Any) -> bytes:
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding in ("", "identity"):
        return body
    if encoding not in ("gzip", "x-gzip"):
        raise UnsupportedEncoding
    inflated = _inflated(body)
    request.inflated_bytes = len(inflated) - len(body)  # counted by intraday.rest.limits.throttling
    return inflated


def _inflated(body: bytes) -> bytes:
    """Return the content of one gzip member, of which no more is inflated than a body may have."""
    inflater = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    try:
        found = inflater.decompress(body, settings.MAX_REQUEST_BYTES + 1)
    except zlib.error as error:
        raise ParseError(f"The body is not gzip: {error}", code="not_gzip") from error
    if len(found) > settings.MAX_REQUEST_BYTES:
        raise TooLarge
    if not inflater.eof or inflater.unused_data:
        raise ParseError("The body is not one whole gzip member: it ends early, or more follows.", code="not_gzip")
    return found


class JSONRenderer(BaseRenderer):
    media_type = "application/json"
    format = "json"
    charset = None

    def render(self, data: Any, media_type: str | None = None, context: Mapping[str, Any] | None = None) -> bytes:
        return b"" if data is None else msgspec.json.encode(data, enc_hook=str)
