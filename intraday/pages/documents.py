"""Descriptions of the interfaces, for programs."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from intraday.channels import CHANNELS
from realtime.protocol import asyncapi


@require_safe
def events_document(request: HttpRequest) -> HttpResponse:
    """Return the messages of `/ws` as AsyncAPI 3."""
    return JsonResponse(asyncapi.document(CHANNELS, host=request.get_host(), secure=request.is_secure()))
