"""Everything that is served, from the URL table, so that tests forget no address."""

import inspect
from collections.abc import Iterator
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver


def routes(resolver: Any, before: str = "") -> Iterator[tuple[str, URLPattern]]:
    for each in resolver.url_patterns:
        if isinstance(each, URLResolver):
            yield from routes(each, before + str(each.pattern))
        else:
            yield before + str(each.pattern), each


def endpoints() -> set[tuple[str, str]]:
    """(method, path) of everything served, but for Django's admin; of pages that are no API only GET."""
    found = set()
    for route, pattern in _outside_the_admin():
        view = getattr(pattern.callback, "cls", None)
        names = ["get"] if view is None else [name for name in view.http_method_names if hasattr(view, name)]
        found |= {(name.upper(), route) for name in names if name != "options"}
    return found


def posted_pages() -> set[tuple[str, str]]:
    """("POST", path) of the pages with a form, but for Django's admin."""
    views = {
        route: getattr(pattern.callback, "view_class", pattern.callback) for route, pattern in _outside_the_admin()
    }
    return {("POST", route) for route, view in views.items() if _takes_posts(view) and not hasattr(view, "schema")}


def _takes_posts(view: Any) -> bool:
    """Tell whether it is a class with `post`, or a function that `require_POST` guards."""
    guards = inspect.getclosurevars(view).nonlocals if inspect.isfunction(view) else {}
    return hasattr(view, "post") or "POST" in guards.get("request_method_list", ())


def _outside_the_admin() -> Iterator[tuple[str, URLPattern]]:
    return ((route, pattern) for route, pattern in routes(get_resolver()) if not route.startswith("admin/"))
