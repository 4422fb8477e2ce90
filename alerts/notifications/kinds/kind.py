"""A kind of channel: the entries that one needs, and the form of a notice for it. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from alerts.notifications.payloads import Notice as Notice

Body = dict[str, Any]


@dataclass(frozen=True)
class Posting:
    """A JSON body, the URL that it is posted to, and headers beside those of every message."""

    url: str
    body: Body
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Kind:
    """A kind of channel: `put` makes the posting of an address, a secret ('' if there is none) and a notice."""

    name: str
    label: str
    put: Callable[[str, str, Notice], Posting]
    address: str = ""
    """The address, if none is entered."""
    secret: str = ""
    """The secret that a person enters, in words; '' where there is none to enter."""
    needs_secret: bool = False
    is_signed: bool = False
    """True where messages are signed with a secret of ours (alerts.notifications.payloads.signed_headers)."""
    hears_acknowledgements: bool = False
