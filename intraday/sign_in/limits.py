"""Limits of failed attempts, counted in the database: they hold across processes, and without Redis.

Wrong passwords are limited three times. By name and address together (django-axes), which locks nobody else out. By
address, for one that tries many names. By name, over a day, for many addresses that try one; a browser in which the
person has signed in before is free of the last one, so that strangers cannot keep her out.
"""

import unicodedata
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv6Address, ip_address

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import salted_hmac

from intraday.clock.database import clock
from intraday.rest import client_address
from intraday.sign_in.models import Failure
from intraday.values.names import LONGEST_NAME

IPV6_NETWORK_BITS = 64
"""One line of one customer of a provider; an address in it can be changed at will."""
KNOWN_BROWSER = timedelta(days=180)
_SALT = "intraday.sign_in.known_browser"
_COOKIE = "known_browser_"


@dataclass(frozen=True)
class Limit:
    kind: str
    at_most: int
    within: timedelta

    def is_reached(self, key: str) -> bool:
        rows = Failure.objects.filter(kind=self.kind, key=_digest(key), at__gt=clock.now() - self.within)
        return rows[: self.at_most].count() >= self.at_most

    def count(self, key: str) -> None:
        Failure(kind=self.kind, key=_digest(key), at=clock.now()).save()

    @transaction.atomic
    def forget(self, key: str) -> None:
        Failure.objects.filter(kind=self.kind, key=_digest(key)).delete()


CODES = Limit("code", 10, timedelta(minutes=15))
"""Wrong codes of a second factor, by person."""
CONFIRMATIONS = Limit("confirmation", 10, timedelta(minutes=15))
"""Wrong passwords of a person who is signed in, such as before a change."""
MAILS = Limit("mail", 3, timedelta(hours=1))
"""Mails with a link to a new password, by person."""
MAIL_REQUESTS = Limit("mail request", 20, timedelta(minutes=15))
"""Requests for such mails, by address."""


def _by_address() -> Limit:
    return Limit("address", settings.SIGN_IN_FAILURES_ADDRESS, timedelta(minutes=15))


def _by_name() -> Limit:
    return Limit("name", settings.SIGN_IN_FAILURES_NAME, timedelta(days=1))


LONGEST = timedelta(days=1)
"""After that a failure counts for nothing."""


# --- passwords -------------------------------------------------------------------------------------------------------
def refuses_password(request: HttpRequest, name: str) -> bool:
    """Return whether no password is tried for this name from this address, right or wrong."""
    if _by_address().is_reached(network(request)):
        return True
    return not is_known_browser(request, name) and _by_name().is_reached(_folded(name))


def count_wrong_password(request: HttpRequest, name: str) -> None:
    _by_address().count(network(request))
    _by_name().count(_folded(name))


def network(request: HttpRequest) -> str:
    """Return the address of the client or, of IPv6, its network; django-axes counts by it, too."""
    address = client_address.of_request(request)
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    host_bits = 128 - IPV6_NETWORK_BITS
    return str(IPv6Address(int(parsed) >> host_bits << host_bits))


def _folded(name: str) -> str:
    """Return one spelling of names that look alike to a person who types them."""
    name = name[:LONGEST_NAME]  # before marks are put in order, which takes quadratic time
    return unicodedata.normalize("NFKC", name).strip().casefold()


def _digest(key: str) -> str:
    return salted_hmac("intraday.sign_in.limits", key, algorithm="sha256").hexdigest()


# --- known browsers --------------------------------------------------------------------------------------------------
def remember_browser(response: HttpResponse, name: str) -> None:
    """Mark the browser of a person who has proved who she is. The mark opens nothing."""
    response.set_cookie(
        _cookie(name),
        signing.dumps(_digest(_folded(name)), salt=_SALT),
        max_age=KNOWN_BROWSER,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def is_known_browser(request: HttpRequest, name: str) -> bool:
    try:
        marked: object = signing.loads(request.COOKIES.get(_cookie(name), ""), salt=_SALT, max_age=KNOWN_BROWSER)
    except signing.BadSignature:
        return False
    return marked == _digest(_folded(name))


def _cookie(name: str) -> str:
    return _COOKIE + _digest(_folded(name))[:16]
