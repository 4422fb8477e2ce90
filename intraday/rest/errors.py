"""One error shape everywhere: `{"code", "message", "errors"?, "request_id"?, "docs_url"}`."""

import sys
from collections.abc import Mapping
from typing import Any

import structlog
from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotFound, JsonResponse
from rest_framework import exceptions, status
from rest_framework.response import Response
from structlog.contextvars import get_contextvars

from intraday.connections.database import is_unavailable, sqlstate, unavailable_message
from intraday.org.limits import TooManyError

log = structlog.get_logger(__name__)

RETRY_AFTER = {"Retry-After": "2"}


class NotFound(exceptions.NotFound):
    """Foreign and unknown ids alike: the same body, so that nobody learns what exists elsewhere."""

    default_detail = "There is no such organization, department or queue, or it belongs to another organization."


class TooLarge(exceptions.APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "too_large"
    default_detail = f"The body is larger than {settings.MAX_REQUEST_BYTES // 1024 // 1024} MB: send smaller batches."


def error_body(code: str, message: str, errors: Any = None) -> dict[str, Any]:
    """`request_id` is the one in our log lines: what a caller quotes when asking for help. `docs_url` explains the
    code (docs/errors.md)."""
    optional = {
        "errors": errors,
        "request_id": get_contextvars().get("request_id"),
        "docs_url": f"{settings.BASE_URL}/docs/errors#{code}",
    }
    return {"code": code, "message": message, **{name: value for name, value in optional.items() if value is not None}}


def error_response(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> HttpResponse:
    """Return an error in the form of the API, where no view of DRF answers."""
    return JsonResponse(error_body(code, message), status=status, headers=headers)


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's answer put into our shape; a database that does not answer is a 503 to try again, not a 500."""
    if is_unavailable(error):
        view = type(context["view"]).__name__
        log.error("database_unavailable", view=view, sqlstate=sqlstate(error), error=str(error).strip())
        body = error_body("unavailable", unavailable_message(error))
        return Response(body, status=status.HTTP_503_SERVICE_UNAVAILABLE, headers=RETRY_AFTER)
    if isinstance(error, TooManyError):
        return Response(error_body("limit_reached", str(error)), status=status.HTTP_409_CONFLICT)
    from rest_framework.views import (
        exception_handler as drf_exception_handler,
    )  # it loads DRF's settings, which load us

    if isinstance(error, Http404):  # raised by DRF's negotiation alone; what is not found here is NotFound
        error = exceptions.ValidationError({"format": ["This method is not offered here."]})
    response = drf_exception_handler(error, context)
    if response is not None:
        response.data = _shaped(error, response.data)
    return response


def _shaped(error: Exception, data: Any) -> dict[str, Any]:
    if isinstance(error, exceptions.ValidationError):
        return error_body("invalid", "Some fields are missing or wrong.", data)
    if isinstance(error, exceptions.APIException):
        code = error.get_codes()
        return error_body(code if isinstance(code, str) else error.default_code, str(error.detail))
    return error_body("not_found", NotFound.default_detail)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if not request.path.startswith("/api/"):
        return HttpResponseNotFound("Not found.\n", content_type="text/plain")
    return error_response(404, "not_found", f"There is nothing at {request.path}.")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer requests that Django refuses before any view: a host that is not ours, too many headers."""
    hint = {"setting": "INTRADAY_ALLOWED_HOSTS"} if isinstance(exception, DisallowedHost) else {}
    log.warning("request_refused", error=f"{type(exception).__name__}: {exception}"[:300], **hint)
    return error_response(
        400, "bad_request", "The request could not be parsed, or its Host is not one of INTRADAY_ALLOWED_HOSTS."
    )


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer what no view of DRF caught; Django has logged it. Pages and middleware ask the database too."""
    error = sys.exc_info()[1]
    if error is not None and is_unavailable(error):
        return error_response(503, "unavailable", unavailable_message(error), RETRY_AFTER)
    return error_response(
        500, "internal_error", "The server failed to answer; the error is logged under the request id."
    )
