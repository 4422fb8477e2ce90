"""Moving the organization's access version with each change of a person's or a key's access, wherever it is made.

Signals, which this code base avoids elsewhere: Django's own admin, `changepassword` and cascades write these tables
too, and a revocation that depends on the right function being called would one day be forgotten. A bulk `update`
sends none: services.revoke_keys and walls.revoke say it themselves. Accounts, memberships and sign-ins get into the
audit log here for the same reason.
"""

from typing import Any

from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db.models.signals import post_delete, post_save, pre_delete, pre_save

from intraday.audit import services as audit
from intraday.database import recent
from intraday.org import person_audit
from intraday.org.models import ApiKey, Membership, Organization, WallBoard
from intraday.org.services import access_changed

DECISIVE = {"is_active", "password", "username"}
RECORDED = DECISIVE | {"email", "is_staff", "is_superuser"}
"""Fields of accounts whose changes are in the audit log."""


def credential_changed(instance: Membership | ApiKey | WallBoard, **_: Any) -> None:
    access_changed([instance.organization_id])


def organization_changed(instance: Organization, **_: Any) -> None:
    """Look up its keys anew: limits and time zone come with them."""
    recent.forget([instance.pk])


def user_changed(instance: User, created: bool, update_fields: frozenset[str] | None, **_: Any) -> None:
    """Revoke access, but not at every sign-in, which saves `last_login`. A deleted user loses memberships first."""
    if not created and (update_fields is None or update_fields & DECISIVE):
        access_changed(Membership.objects.filter(user=instance).values_list("organization_id", flat=True))


def user_kept(instance: User, update_fields: frozenset[str] | None, **_: Any) -> None:
    """Keep the account as it was, for the audit log; not at every sign-in."""
    asked = not instance._state.adding and (update_fields is None or bool(update_fields & RECORDED))
    instance._before = User.objects.filter(pk=instance.pk).first() if asked else None  # type: ignore[attr-defined]


def user_saved(instance: User, created: bool, **_: Any) -> None:
    before = getattr(instance, "_before", None)
    if created:
        _record_account("created", instance)
    elif before is not None and _account(before) != _account(instance):
        _record_account("changed", instance, before=_account(before), after=_account(instance))


def user_removed(instance: User, **_: Any) -> None:
    _record_account("removed", instance)


def _account(user: User) -> dict[str, Any]:
    return {name: getattr(user, name) for name in sorted(RECORDED)}


def _record_account(action: str, user: User, **values: Any) -> None:
    """Record in the log of each organization of the person, or without values in that of the installation, which no
    erasure walks."""
    organizations = list(Membership.objects.filter(user=user).values_list("organization_id", flat=True))
    for organization in organizations or [""]:
        said = values if organization else {}
        audit.record(f"account.{action}", organization_id=organization, target=user.get_username(), **said)


def membership_kept(instance: Membership, **_: Any) -> None:
    """Keep the membership as it was, for the audit log: the admin saves forms, and no service of ours."""
    instance._before = None if instance._state.adding else Membership.objects.filter(pk=instance.pk).first()  # type: ignore[attr-defined]


def membership_saved(instance: Membership, created: bool, **_: Any) -> None:
    before = getattr(instance, "_before", None)
    _record_membership(
        "created" if created else "changed",
        instance,
        before=None if before is None else _rights(before),
        after=_rights(instance),
    )


def membership_removed(instance: Membership, **_: Any) -> None:
    _record_membership("removed", instance, before=_rights(instance), after=None)


def _rights(membership: Membership) -> dict[str, Any]:
    return {"role": membership.role, "department_ids": membership.department_ids}


def _record_membership(action: str, membership: Membership, **fields: Any) -> None:
    name, organization = membership.user.get_username(), membership.organization_id
    audit.record(f"membership.{action}", organization_id=organization, target=name, **fields)


def signed_in(user: User, **_: Any) -> None:
    person_audit.record("signed_in", user)


def signed_out(user: User | None, **_: Any) -> None:
    if user is not None:
        person_audit.record("signed_out", user)


def sign_in_failed(credentials: dict[str, Any], **_: Any) -> None:
    """The name that was typed; a password typed in its place must not be kept, so unknown names are not."""
    person_audit.record(
        "sign_in_failed", User.objects.filter(username=str(credentials.get("username", ""))[:150]).first()
    )


def connect() -> None:
    for model in (Membership, ApiKey, WallBoard):
        for signal in (post_save, post_delete):
            signal.connect(credential_changed, sender=model, dispatch_uid=f"access-{model.__name__}")
    for signal in (post_save, post_delete):
        signal.connect(organization_changed, sender=Organization, dispatch_uid="organization-changed")
    post_save.connect(user_changed, sender=User, dispatch_uid="access-user")
    pre_save.connect(user_kept, sender=User, dispatch_uid="audit-user-kept")
    post_save.connect(user_saved, sender=User, dispatch_uid="audit-user-saved")
    pre_delete.connect(user_removed, sender=User, dispatch_uid="audit-user-removed")
    pre_save.connect(membership_kept, sender=Membership, dispatch_uid="audit-membership-kept")
    post_save.connect(membership_saved, sender=Membership, dispatch_uid="audit-membership-saved")
    pre_delete.connect(membership_removed, sender=Membership, dispatch_uid="audit-membership-removed")
    user_logged_in.connect(signed_in, dispatch_uid="audit-signed-in")
    user_logged_out.connect(signed_out, dispatch_uid="audit-signed-out")
    user_login_failed.connect(sign_in_failed, dispatch_uid="audit-sign-in-failed")
