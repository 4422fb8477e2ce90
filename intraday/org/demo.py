"""The demo organization: what a stranger finds after `make run`."""

import secrets

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import transaction

from intraday.org.access import DEMO_ORGANIZATION
from intraday.org.models import Membership, Organization, Role
from intraday.org.services import ScopeName, add_queues, create_organization

DEMO_QUEUES: list[ScopeName] = [
    ("dept_456", "support"),
    ("dept_456", "billing"),
    ("dept_456", "sales"),
    ("dept_456", "email"),
    ("dept_789", "claims"),
    ("dept_789", "returns"),
]
DEMO_PEOPLE = {"ada": Role.ADMIN, "sam": Role.SUPERVISOR, "ana": Role.ANALYST, "vic": Role.VIEWER}


def demo_password() -> str:
    """One password for the demo's people, random for each installation, kept beside its database."""
    path = settings.VAR_DIR / "demo_password"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(9))
    return str(path.read_text())


@transaction.atomic
def create_demo() -> Organization:
    """The demo organization with its departments, queues and people; safe to repeat."""
    organization = create_organization(id=DEMO_ORGANIZATION, name="Demo organization", time_zone="Europe/Berlin")
    add_queues(organization, DEMO_QUEUES)
    users = get_user_model().objects
    for name, role in DEMO_PEOPLE.items():
        user, created = users.get_or_create(username=name, defaults={"email": f"{name}@demo.invalid"})
        if created:
            user.set_password(demo_password())
            # The administrator of the demo is the administrator of this installation: it is embedded and local.
            user.is_staff = user.is_superuser = role == Role.ADMIN
            user.save()
        Membership.objects.get_or_create(user=user, organization=organization, defaults={"role": role})
    return organization
