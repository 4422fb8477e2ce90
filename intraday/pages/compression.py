"""Compress answers of the API for callers who take gzip."""

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware

COMPRESSED = ("application/json", "application/openmetrics-text", "application/vnd.oai.openapi", "text/csv")
SECRETS = ("/api/ws/token", "/api/walls", "/wall/")
"""Answers that hold a secret beside what the caller sent stay as they are: their compressed length would tell
(BREACH). For the same reason no page is compressed: each has a CSRF token."""
MIN_BYTES = 1_024


class CompressedAnswers(GZipMiddleware):
    """Also adds a few random bytes to each answer, as Django does, so that lengths tell less."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        is_small = isinstance(response, HttpResponse) and len(response.content) < MIN_BYTES
        kind = response.headers.get("Content-Type", "")
        if is_small or not kind.startswith(COMPRESSED) or request.path_info.startswith(SECRETS):
            return response
        return super().process_response(request, response)
