"""The page at `/`, and whether this process is well."""

from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from intraday.channels import CHANNELS
from intraday.org.access import DEMO_ORGANIZATION
from realtime import asyncapi, shutdown


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """Live backlog of the demo organization; elsewhere, where to sign in and what to read."""
    context = {"demo": settings.DEMO, "organization": DEMO_ORGANIZATION, "host": request.get_host()}
    return render(request, "intraday/console.html", context)


@require_safe
def events_document(request: HttpRequest) -> HttpResponse:
    """What `/ws` speaks, as AsyncAPI 3."""
    return JsonResponse(asyncapi.document(CHANNELS, host=request.get_host(), secure=request.is_secure()))


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return JsonResponse({"status": "ok"})


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """The process can work: its database answers, and it is not about to stop."""
    if shutdown.begun.is_set():
        return JsonResponse({"status": "stopping", "message": "This process takes no new clients."}, status=503)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        return JsonResponse({"status": "database unavailable", "message": str(error).strip()}, status=503)
    return JsonResponse({"status": "ok"})
