"""Entries of the audit log about people: in that of each organization of the person."""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import User

from intraday.audit import services as audit
from intraday.org.models import Membership

UNKNOWN_NAME = "(unknown name)"


def record(
    action: str,
    user: User | None,
    *,
    by: str | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Add an entry `person.<action>`; to the log of the installation where the person is in no organization.

    The actor is the person, unless `by` names another one; '' is the caller of the request.
    """
    name = UNKNOWN_NAME if user is None else user.get_username()
    found = Membership.objects.filter(user=user).values_list("organization_id", flat=True) if user else ()
    for organization in list(found) or [""]:
        audit.record(
            f"person.{action}",
            organization_id=organization,
            target=name,
            before=before,
            after=after,
            actor=name if by is None else by,
        )
