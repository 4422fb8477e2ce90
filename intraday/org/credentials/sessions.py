"""The sessions of a person: found and ended, with their sockets."""

from collections.abc import Iterator

from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.utils.crypto import constant_time_compare


def of(user: User) -> Iterator[Session]:
    """Yield her sessions. Whose a session is stands inside it, so that all are read: 50,000 take some seconds."""
    for session in Session.objects.iterator():
        if session.get_decoded().get(SESSION_KEY) == str(user.pk):
            yield session


def end(user: User, *, but: str = "") -> int:
    """End her sessions, but the one of this key; return how many. Their sockets close within seconds."""
    keys = [session.pk for session in of(user) if not constant_time_compare(session.pk, but)]
    return Session.objects.filter(pk__in=keys).delete()[0]
