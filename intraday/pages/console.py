"""The pages of the console: whole, one alert, the audit log, the story of a shift, and a wall board."""

import json
from functools import cache
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

from intraday.clock.database import clock
from intraday.org import access, tree
from intraday.org.access import DEMO_ORGANIZATION, Principal
from intraday.org.credentials import walls
from intraday.rest.errors import error_response

BUNDLE = "intraday/build/"
_MANIFEST = settings.BASE_DIR / "intraday/static" / BUNDLE / "manifest.json"
_ENTRY = "src/main.tsx"
DEMO_PERSON = "ada"  # the viewer of the demo who has not signed in


@cache
def bundle() -> dict[str, Any]:
    """Return the files of the built page; their names hold a hash, so the script's name is the version."""
    entry = json.loads(_MANIFEST.read_text())[_ENTRY]
    return {"script": BUNDLE + entry["file"], "styles": [BUNDLE + name for name in entry.get("css", [])]}


@require_safe
@never_cache
@ensure_csrf_cookie
def page(request: HttpRequest) -> HttpResponse:
    """Show the console, of every organization that the person belongs to."""
    return _for_people(request, view="console")


@require_safe
@never_cache
@ensure_csrf_cookie
def alert(request: HttpRequest, alert_id: str) -> HttpResponse:
    """Show one alert, as a notification links to it. The page itself asks whether there is such an alert."""
    return _for_people(request, view="alert", alert_id=alert_id)


@require_safe
@never_cache
def audit(request: HttpRequest) -> HttpResponse:
    """Show the audit log. The page itself asks for the entries, and says to whom they are not shown."""
    return _for_people(request, view="audit")


@require_safe
@never_cache
def story(request: HttpRequest) -> HttpResponse:
    """Show what happened in a scope on a day. The page itself asks for it."""
    return _for_people(request, view="story")


@require_safe
@never_cache
def wall(request: HttpRequest, secret: str) -> HttpResponse:
    """Show one scope on a wall board, to everybody who has the link."""
    principal = walls.opened_by(secret, now=clock.now())
    if principal is None:
        return render(request, "intraday/no_wall.html", status=404)
    response = _page(request, [principal], view="wall", token_url=f"{request.path}/token")
    response["Referrer-Policy"] = "no-referrer"  # the address is the secret
    return response


@require_safe
@never_cache
def wall_token(request: HttpRequest, secret: str) -> HttpResponse:
    """Return a token for the socket of a wall's page, and the version of the page that it should be."""
    principal = walls.opened_by(secret, now=clock.now())
    if principal is None:
        return error_response(404, "not_found", "This link was revoked, or never was one.")
    assert principal.expires_at is not None
    return JsonResponse(
        {"token": walls.token_of(principal), "expires_at": principal.expires_at, "version": bundle()["script"]}
    )


def _for_people(request: HttpRequest, **config: Any) -> HttpResponse:
    found = principals(request)
    if found is None:
        return redirect_to_login(request.get_full_path(), settings.LOGIN_URL)
    return _page(request, found, signed_in=request.user.is_authenticated, **config)


def principals(request: HttpRequest) -> list[Principal] | None:
    """Return the person's principal in each of her organizations; None for an unknown caller."""
    if request.user.is_authenticated:
        found = [access.by_membership(request.user, each) for each in access.organizations_of(request.user)]
        return [principal for principal in found if principal is not None]
    demo = access.by_demo(DEMO_PERSON, DEMO_ORGANIZATION) if settings.DEMO else None
    return None if demo is None else [demo]


def _page(request: HttpRequest, principals: list[Principal], **config: Any) -> HttpResponse:
    described = [_described(principal) for principal in principals]
    config |= {"demo": settings.DEMO, "version": bundle()["script"], "organizations": described}
    return render(
        request, "intraday/console.html", {"config": config, "socket": json.dumps(_socket(request)), **bundle()}
    )


def _socket(request: HttpRequest) -> dict[str, str]:
    """Return how the page's socket authenticates (clients/typescript/src/config.ts); empty for a session."""
    if settings.DEMO and not request.user.is_authenticated:
        return {"user_id": DEMO_PERSON, "organization_id": DEMO_ORGANIZATION}
    return {}


def _described(principal: Principal) -> dict[str, Any]:
    """Return the rights of the caller, by which the page offers actions; the services check them again."""
    organization = principal.organization
    return {
        "id": organization.id,
        "name": organization.name,
        "time_zone": organization.time_zone,
        "user": principal.user_id,
        "actor": principal.name,
        "role": principal.role,
        "grants": sorted(principal.grants),
        "sees_names": principal.sees_names,
        "whole": principal.departments is None,
        "departments": tree.departments(organization, within=principal.departments),
    }
