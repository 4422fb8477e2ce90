"""Setting and resetting passwords: links by mail, and what follows from a new password."""

from concurrent.futures import ThreadPoolExecutor

import structlog
from axes.utils import reset as forget_attempts
from django.conf import settings
from django.contrib.auth.forms import PasswordResetForm
from django.contrib.auth.models import User
from django.core.mail import send_mail
from django.db import close_old_connections
from django.template.loader import render_to_string

from intraday.org import person_audit
from intraday.org.passwords import new_password_path
from intraday.sign_in.limits import CONFIRMATIONS, MAILS

log = structlog.get_logger(__name__)

SUBJECT = "A new password for the Intraday console"
_executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="password-mail")
"""Apart from the request, whose time would tell whether an address belongs to somebody."""


def can_be_mailed() -> bool:
    return not settings.EMAIL_BACKEND.endswith(".dummy.EmailBackend")


def ask_for_links(email: str) -> None:
    """Send links for all people of this address, soon. Answers nothing: the caller must not learn who is known."""
    _executor.submit(_send_links, email)


def _send_links(email: str) -> None:
    try:
        for user in PasswordResetForm().get_users(email):  # active ones with a password, by an exact comparison
            _send_link(user)
    except Exception:  # nobody waits for the outcome: it must not be lost
        log.exception("password_link_failed")
    finally:
        close_old_connections()


def _send_link(user: User) -> None:
    key = str(user.pk)
    if MAILS.is_reached(key):
        return
    MAILS.count(key)
    context = {"name": user.get_username(), "link": settings.BASE_URL + new_password_path(user)}
    text = render_to_string("intraday/password_mail.txt", context)
    send_mail(SUBJECT, text, settings.DEFAULT_FROM_EMAIL, [user.email])
    person_audit.record("password_link_sent", user)


def chosen(user: User) -> None:
    """Note that somebody chose a password by a link; wrong ones before it are forgotten, wherever they were typed."""
    forget_attempts(username=user.get_username())
    CONFIRMATIONS.forget(str(user.pk))
    person_audit.record("password_chosen", user)


def changed(user: User) -> None:
    person_audit.record("password_changed", user)
