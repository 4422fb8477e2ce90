"""Signing in by an OpenID Connect provider: there and back."""

from collections.abc import Callable

import structlog
from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView, OAuth2LoginView
from django.db import IntegrityError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from requests import RequestException

from intraday.encryption.at_rest import UnreadableError
from intraday.sign_in.provider import Adapter

log = structlog.get_logger(__name__)

UNREACHABLE = (RequestException, OAuth2Error, UnreadableError, KeyError, ValueError)
"""Errors of the library when a provider does not answer, or answers something unexpected."""


@require_safe
@never_cache
def begin(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Send the person to the provider."""
    return _with_provider(request, provider_id, OAuth2LoginView.adapter_view)


@require_safe
@never_cache
def callback(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Take the person back, with the provider's answer."""
    try:
        return _with_provider(request, provider_id, OAuth2CallbackView.adapter_view)
    except IntegrityError:  # a second callback made the same new person at this moment
        return HttpResponseRedirect(f"/sso/{provider_id}")


def _with_provider(request: HttpRequest, provider_id: str, view: Callable[[Adapter], Callable]) -> HttpResponse:
    try:
        response: HttpResponse = view(Adapter(request, provider_id))(request)
    except SocialApp.DoesNotExist:
        raise Http404 from None
    except UNREACHABLE as error:
        log.warning("provider_unreachable", provider=provider_id, error=f"{type(error).__name__}: {error}"[:300])
        return render(request, "intraday/provider_failed.html", status=503)
    return response
