from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.contrib.auth import get_user_model

from alerts.notifications import channel_services, services
from alerts.notifications.models import Channel, Delivery, Route
from intraday.org.models import Membership, Organization, Role
from tests.alerts.world import World


@pytest.fixture
def world(organization: Organization) -> World:
    return World(organization)


@pytest.fixture(autouse=True)
def receivers_on_this_machine(settings: Any) -> None:
    settings.WEBHOOK_PRIVATE = True
    # Long enough for an answer to come first, on a busy machine, too.
    settings.SEND_TIMEOUT = settings.EMAIL_TIMEOUT = 2


@pytest.fixture
def channel(organization: Organization) -> Callable[..., Channel]:
    """A channel that alerts of any severity are sent to."""

    def make(address: str, name: str = "ops", kind: str = "webhook", **route: Any) -> Channel:
        made = Channel(organization=organization, name=name, kind=kind, address=address)
        channel_services.save_channel(made)
        channel_services.save_route(
            Route(organization=organization, **{"to": name, "minimum_severity": "low", **route})
        )
        return made

    return make


@pytest.fixture
def person(organization: Organization) -> Callable[..., Membership]:
    def make(name: str, role: str = Role.SUPERVISOR, departments: tuple[str, ...] = (), **user: Any) -> Membership:
        fields = {"email": f"{name}@example.com", **user}
        return Membership.objects.create(
            user=get_user_model().objects.create_user(name, **fields),
            organization=organization,
            role=role,
            department_ids=list(departments),
        )

    return make


@pytest.fixture
def route(organization: Organization) -> Callable[..., Route]:
    def make(to: str, severity: str = "low", **fields: Any) -> Route:
        made = Route(organization=organization, to=to, minimum_severity=severity, **fields)
        channel_services.save_route(made)
        return made

    return make


def send(now: datetime) -> int:
    return services.send_due(clock=lambda: now)


def outcomes() -> dict[str, tuple[str, str]]:
    """Return the outcome of each delivery, by recipient."""
    return {row.to: (row.outcome, row.detail) for row in Delivery.objects.order_by("notification")}
