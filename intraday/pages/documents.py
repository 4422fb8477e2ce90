"""The descriptions of API and events, for programs."""

from functools import cache
from threading import Lock
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from intraday.channels import CHANNELS
from realtime.protocol import asyncapi


class OpenAPIView(SpectacularAPIView):
    """Serves the OpenAPI document as YAML or JSON, made once in each process: that takes a second of a core and 35 MB,
    and anybody may ask."""

    @extend_schema(exclude=True)
    def get(self, request: Request, *_: Any, **__: Any) -> HttpResponse:
        renderer: BaseRenderer = request.accepted_renderer
        with _making:
            document = _rendered(renderer.media_type)
        name = f'inline; filename="intraday.{renderer.format}"'
        return HttpResponse(document, content_type=renderer.media_type, headers={"Content-Disposition": name})


_making = Lock()
"""Keeps those who come while it is made from making it, too."""


@cache
def _rendered(media_type: str) -> bytes:
    renderer = next(each for each in OpenAPIView.renderer_classes if each.media_type == media_type)
    document = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    text = renderer().render(document, renderer_context={})
    return text if isinstance(text, bytes) else str(text).encode()


@require_safe
def events_document(request: HttpRequest) -> HttpResponse:
    """Return the messages of `/ws` as AsyncAPI 3."""
    return JsonResponse(asyncapi.document(CHANNELS, host=request.get_host(), secure=request.is_secure()))
