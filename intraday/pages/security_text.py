"""`/.well-known/security.txt` (RFC 9116): the address for reports of weaknesses of this installation."""

from datetime import timedelta

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from intraday.clock.database import clock

VALID = timedelta(days=30)


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """Answer with INTRADAY_SECURITY_CONTACT; 404 without one, because a made-up address would be worse than none."""
    if not settings.SECURITY_CONTACT:
        raise Http404
    expires = (clock.now() + VALID).replace(microsecond=0).isoformat().replace("+00:00", "Z")
    lines = [
        f"Contact: {settings.SECURITY_CONTACT}",
        f"Expires: {expires}",
        f"Canonical: {settings.BASE_URL}/.well-known/security.txt",
    ]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")
