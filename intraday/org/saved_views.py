"""The views of the console's table that a member has saved: few and short, for that member alone."""

from collections.abc import Sequence
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction

from intraday.org.access import Demo, Member, Principal
from intraday.org.models import Membership, SavedView

MOST = 50
"""Views of one member in one organization."""


def membership_of(principal: Principal) -> Membership | None:
    """Return the person's own membership; None for keys, walls and the customers' own users, who have none."""
    credential, rows = principal.credential, Membership.objects.filter(organization=principal.organization)
    if isinstance(credential, Member):
        return rows.filter(user=credential.user).first()
    return rows.filter(user__username=credential.user_id).first() if isinstance(credential, Demo) else None


def saved(membership: Membership) -> Sequence[SavedView]:
    return list(membership.saved_views.all())


@transaction.atomic
def save(membership: Membership, *, name: str, query: str) -> tuple[SavedView, bool]:
    """Save a view, in place of the one of that name; return it and whether it is new. Raises ValidationError."""
    Membership.objects.select_for_update().get(pk=membership.pk)  # two at once cannot pass the limit together
    views = membership.saved_views
    if not views.filter(name=name).exists() and views.count() >= MOST:
        raise ValidationError(
            {"name": [f"You have {MOST} views already: remove one, or save under one of their names."]}
        )
    return views.update_or_create(name=name, defaults={"query": query})


def remove(membership: Membership, view_id: UUID) -> bool:
    """Remove one of the member's own views; return whether there was one."""
    return bool(membership.saved_views.filter(pk=view_id).delete()[0])
