from collections.abc import Iterator
from typing import Any

import pytest

from intraday.encryption import at_rest
from intraday.org.models import Organization
from intraday.org.services import add_queues
from intraday.sign_in.models import IdentityProvider
from tests.sign_in.identity_provider import IdentityProviderProcess

QUICK = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def quick_hashing(settings: Any) -> None:
    """Real passwords take their time on purpose, which most of these tests do not need."""
    settings.PASSWORD_HASHERS = QUICK + settings.PASSWORD_HASHERS


@pytest.fixture
def real_hashing(settings: Any, quick_hashing: None) -> None:
    settings.PASSWORD_HASHERS = [each for each in settings.PASSWORD_HASHERS if each not in QUICK]


@pytest.fixture
def house(organization: Organization) -> Organization:
    add_queues(organization, [("dept_789", "claims")])
    return organization


@pytest.fixture(scope="session")
def idp() -> Iterator[IdentityProviderProcess]:
    with IdentityProviderProcess() as provider:
        yield provider


@pytest.fixture
def acme(idp: IdentityProviderProcess, house: Organization) -> IdentityProvider:
    """The provider of org_123 alone."""
    return register(idp, "acme", organization=house)


def register(idp: IdentityProviderProcess, name: str, organization: Organization | None = None) -> IdentityProvider:
    return IdentityProvider.objects.create(
        id=name,
        name=name.title(),
        organization=organization,
        issuer=idp.issuer,
        client_id=f"intraday-{name}",
        sealed_secret=at_rest.encrypt("a client secret"),
    )
