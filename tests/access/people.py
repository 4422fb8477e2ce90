"""The callers of these tests and their credentials."""

from datetime import timedelta

from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from intraday.org import access
from intraday.org.access import Member
from intraday.org.credentials import tokens
from intraday.org.models import Organization, Role
from intraday.org.services import grant


def person(name: str, organization: Organization, role: str = Role.VIEWER, *departments: str) -> User:
    """A member; of several organizations if called again with the same name."""
    user, _ = User.objects.get_or_create(username=name)
    grant(user=user, organization=organization, role=role, department_ids=departments)
    return user


def browser_of(user: User) -> APIClient:
    """REST calls with her session cookie."""
    client = APIClient()
    client.force_login(user)
    return client


def session_of(user: User) -> str:
    client = Client()
    client.force_login(user)
    return client.cookies["sessionid"].value


def bearer(token: str) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


def token_of(user: User, organization: Organization, seconds: float = 600) -> str:
    """A token that expires in so many seconds, or has expired."""
    ending = timezone.now() + timedelta(seconds=seconds)
    return tokens.sign(Member(user.pk, organization.id, access.stamp(user), expires_at=ending))


TOKEN = "/api/ws/token"


def minted(client: APIClient, **body: object) -> dict[str, str]:
    answer = client.post(TOKEN, body, format="json")
    assert answer.status_code == 200, answer.content
    return answer.json()


def refused(client: APIClient, status: int, **body: object) -> dict[str, object]:
    answer = client.post(TOKEN, body, format="json")
    assert answer.status_code == status, answer.content
    return answer.json()
