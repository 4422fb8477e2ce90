"""Moving the organization's access version with each change of a person's or a key's access, wherever it is made.

Signals, which this code base avoids elsewhere: Django's own admin, `changepassword` and cascades write these tables
too, and a revocation that depends on the right function being called would one day be forgotten. A bulk `update`
sends none: services.revoke_keys and walls.revoke say it themselves.
"""

from typing import Any

from django.contrib.auth.models import User
from django.db.models.signals import post_delete, post_save

from intraday.org.models import ApiKey, Membership, WallBoard
from intraday.org.services import access_changed

DECISIVE = {"is_active", "password", "username"}


def credential_changed(instance: Membership | ApiKey | WallBoard, **_: Any) -> None:
    access_changed([instance.organization_id])


def user_changed(instance: User, created: bool, update_fields: frozenset[str] | None, **_: Any) -> None:
    """Not at every sign-in, which saves `last_login`. A deleted user's memberships are deleted one by one."""
    if not created and (update_fields is None or update_fields & DECISIVE):
        access_changed(Membership.objects.filter(user=instance).values_list("organization_id", flat=True))


def connect() -> None:
    for model in (Membership, ApiKey, WallBoard):
        for signal in (post_save, post_delete):
            signal.connect(credential_changed, sender=model, dispatch_uid=f"access-{model.__name__}")
    post_save.connect(user_changed, sender=User, dispatch_uid="access-user")
