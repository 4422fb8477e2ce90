"""Acts on the sign-in of a member, by an administrator or the person: end sessions, take away a lost second factor."""

from collections.abc import Collection

from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.db import transaction

from intraday.org import access, person_audit
from intraday.org.credentials import sessions

CALLER = ""
"""The actor of an entry who is the caller of the request."""


def why_not(user: User, managed: Collection[str]) -> str:
    """Return why the administrator of these organizations may not; empty if he may.

    A session and a second factor are the person's everywhere: another organization's must not be touched.
    """
    if user.is_superuser:
        return f"Left out: {user.get_username()} is a superuser, whom only superusers may sign out."
    if not set(access.organizations_of(user)) <= set(managed):
        return (
            f"Left out: {user.get_username()} is a member of other organizations, too, and is signed in to them by "
            "the same sessions. Remove the membership here, which ends the access at once, or ask the operator."
        )
    return ""


@transaction.atomic
def end_sessions(user: User, *, but: str = "") -> int:
    """End the person's sessions, but the one of this key; return their number."""
    ended = sessions.end(user, but=but)
    person_audit.record("sessions_ended", user, by=CALLER, after={"sessions": ended})
    return ended


@transaction.atomic
def remove_second_factor(user: User) -> bool:
    """Remove the second factor with its recovery codes; return whether there was one."""
    removed, _ = Authenticator.objects.filter(user=user).delete()
    if removed:
        person_audit.record("second_factor_removed", user, by=CALLER)
    return bool(removed)
