"""Second factors in the audit log."""

from typing import Any

from allauth.mfa import signals
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User

from intraday.org import person_audit


def added(user: User, authenticator: Authenticator, **_: Any) -> None:
    person_audit.record("second_factor_added", user, after={"type": str(authenticator.type)})


def removed(user: User, authenticator: Authenticator, **_: Any) -> None:
    person_audit.record("second_factor_removed", user, before={"type": str(authenticator.type)})


def renewed(user: User, **_: Any) -> None:
    person_audit.record("recovery_codes_renewed", user)


def used(user: User, authenticator: Authenticator, **_: Any) -> None:
    if authenticator.type == Authenticator.Type.RECOVERY_CODES:
        person_audit.record("recovery_code_used", user)


def failed(user: User, **_: Any) -> None:
    person_audit.record("second_factor_failed", user)


def connect() -> None:
    for signal, receiver in (
        (signals.authenticator_added, added),
        (signals.authenticator_removed, removed),
        (signals.authenticator_reset, renewed),
        (signals.authenticator_used, used),
        (signals.authentication_failed, failed),
    ):
        signal.connect(receiver, dispatch_uid=f"audit-{receiver.__name__}")
