"""The addresses of the documentation. Pages are for people who are signed in (in demo mode: everybody), as the runbook
has always been; the codes of errors are public."""

from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from intraday.pages.console import principals
from intraday.pages.documentation import catalogue
from intraday.pages.documentation.markdown import address

View = Callable[..., HttpResponseBase]


def for_people(view: View) -> View:
    """Send unknown callers to sign in."""

    @wraps(view)
    def guarded(request: HttpRequest, **arguments: str) -> HttpResponseBase:
        if principals(request) is None:
            return redirect_to_login(request.get_full_path(), settings.LOGIN_URL)
        return view(request, **arguments)

    return guarded


@require_safe
@for_people
def page(request: HttpRequest, path: str = "") -> HttpResponseBase:
    """Show the page, or send the picture or sample, of that path in docs/."""
    if name := catalogue.pages().get(f"/docs/{path}" if path else "/docs"):
        return _page(request, name)
    if path in catalogue.files() and not path.endswith(".md"):
        return _file(path)
    raise Http404(f"There is no page {path} in the documentation: /docs lists all of them.")


@require_safe
def errors_page(request: HttpRequest) -> HttpResponse:
    """Explain the codes of errors, to everybody: a caller whose key is refused must be able to read why."""
    return _page(request, "errors.md")


@require_safe
@for_people
def index(request: HttpRequest) -> HttpResponse:
    """Return the sections of all pages, in which the browser searches."""
    return JsonResponse({"sections": catalogue.index()})


def _page(request: HttpRequest, name: str) -> HttpResponse:
    found = {
        "page": catalogue.page(name),
        "kinds": catalogue.side_list(),
        "address": address(name),
        "may_search": principals(request) is not None,
    }
    return render(request, "intraday/documentation.html", found)


def _file(path: str) -> FileResponse:
    file = catalogue.files()[path]
    return FileResponse(file.open("rb"), content_type=catalogue.MEDIA_TYPES[file.suffix])
