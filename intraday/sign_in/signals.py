"""Second factors in the audit log; the end of ties to a provider that is removed."""

from typing import Any

from allauth.mfa import signals
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.models import User
from django.db.models.signals import post_delete

from intraday.org import person_audit
from intraday.sign_in.models import IdentityProvider


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


def provider_removed(instance: IdentityProvider, **_: Any) -> None:
    """Untie everybody, also where it goes with its organization: a later provider of this id knows other people."""
    SocialAccount.objects.filter(provider=instance.pk).delete()


def connect() -> None:
    post_delete.connect(provider_removed, sender=IdentityProvider, dispatch_uid="provider-removed")
    for signal, receiver in (
        (signals.authenticator_added, added),
        (signals.authenticator_removed, removed),
        (signals.authenticator_reset, renewed),
        (signals.authenticator_used, used),
        (signals.authentication_failed, failed),
    ):
        signal.connect(receiver, dispatch_uid=f"audit-{receiver.__name__}")
