"""Our URLs and one that fails."""

from typing import NoReturn

from django.http import HttpRequest
from django.urls import path

from intraday.urls import handler400, handler404, handler500
from intraday.urls import urlpatterns as ours

__all__ = ["handler400", "handler404", "handler500", "urlpatterns"]


def fail(request: HttpRequest) -> NoReturn:
    raise RuntimeError("on purpose")


urlpatterns = [*ours, path("api/broken", fail)]
