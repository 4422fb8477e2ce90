"""Credentials: API keys, people with a role, and demo mode, which believes anybody in one place only."""

import hashlib
import json

import pytest
from django.contrib.auth import authenticate, get_user_model
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.test import RequestFactory
from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient

from intraday.checks import demo_needs_embedded
from intraday.org import access
from intraday.org.demo import DEMO_PEOPLE, create_demo
from intraday.org.models import ApiKey, Membership, Organization, Role
from intraday.org.services import create_api_key, create_organization
from tests.conftest import key_of

ROW = {"queue_name": "support", "snapshot_time": "2026-01-31T10:00:00Z", "total_items": 1}
ROW["average_wait_time_minutes"] = 1


def posted(client: APIClient, **fields: object) -> int:
    body = json.dumps({**ROW, **fields})
    return client.post("/api/schedulesbacklog/ingest", body, content_type="application/json").status_code


# --- API keys --------------------------------------------------------------------------------------------------------
def test_of_a_key_only_its_hash_is_stored(organization: Organization):
    key, secret = create_api_key(organization=organization, name="acd", scopes=["ingest"])
    assert len(secret) >= 40
    stored = json.dumps(list(ApiKey.objects.values()), default=str)
    assert secret not in stored
    assert secret[9:] not in stored
    assert ApiKey.objects.get().digest == hashlib.sha256(secret.encode()).hexdigest()
    assert secret.startswith(key.prefix)
    assert len(key.prefix) < 12


def test_keys_are_never_the_same(organization: Organization):
    assert len({key_of(organization) for _ in range(20)}) == 20


def test_a_key_opens_its_own_organization_with_its_own_grants(organization: Organization):
    principal = access.by_api_key(key_of(organization, "ingest"))
    assert principal is not None
    assert (principal.organization, principal.may("ingest"), principal.may("read")) == (organization, True, False)
    assert principal.sees_names is False


@pytest.mark.parametrize("wrong", ["", "ik_", "ik_wrong", " "])
def test_another_text_opens_nothing(organization: Organization, wrong: str):
    secret = key_of(organization)
    for text in (wrong, secret[:-1], secret + "x", secret.upper(), ApiKey.objects.get().digest):
        assert access.by_api_key(text) is None


def test_a_revoked_key_opens_nothing(organization: Organization):
    secret = key_of(organization)
    ApiKey.objects.update(revoked_at=timezone.now())
    assert access.by_api_key(secret) is None


@pytest.mark.parametrize("scopes", [[], ["everything"], ["ingest", "admin"]])
def test_a_key_has_known_scopes(organization: Organization, scopes: list[str]):
    with pytest.raises((ValidationError, ValueError)):
        create_api_key(organization=organization, name="x", scopes=scopes)
    assert not ApiKey.objects.exists()


@pytest.mark.parametrize("spelling", ["Api-Key {}", "api-key {}", "API-KEY   {} "])
def test_the_header_is_read_as_people_write_it(organization: Organization, spelling: str):
    client = APIClient(headers={"Authorization": spelling.format(key_of(organization))})
    assert posted(client) == 201


# --- people ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("role", "ingests", "names"),
    [
        (Role.VIEWER, False, False),
        (Role.ANALYST, False, False),
        (Role.SUPERVISOR, False, True),
        (Role.ADMIN, True, True),
    ],
)
def test_what_a_role_may(organization: Organization, role: str, ingests: bool, names: bool):
    user = get_user_model().objects.create_user("dana")
    Membership.objects.create(user=user, organization=organization, role=role)
    principal = access.by_membership(user, "org_123")
    assert principal is not None
    assert (principal.may("read"), principal.may("ingest"), principal.sees_names) == (True, ingests, names)


def test_membership_opens_no_other_organization(organization: Organization, stranger: Organization):
    user = get_user_model().objects.create_user("dana")
    Membership.objects.create(user=user, organization=organization, role=Role.ADMIN)
    assert access.by_membership(user, "org_999") is None
    assert access.by_membership(user, "org_000") is None


# --- demo mode -------------------------------------------------------------------------------------------------------
@pytest.fixture
def demo(db: None, settings: Settings, tmp_path) -> Organization:
    settings.DEMO, settings.VAR_DIR = True, tmp_path
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # theirs takes its time on purpose
    return create_demo()


def test_the_demo_has_its_queues_and_four_people(demo: Organization):
    assert demo.id == "org_123"
    queues = demo.scopes.exclude(queue_name="").values_list("department_id", "queue_name")
    assert ("dept_456", "support") in queues
    assert len(queues) >= 4
    roles = dict(Membership.objects.values_list("user__username", "role"))
    assert roles == DEMO_PEOPLE
    assert sorted(roles.values()) == sorted([Role.ADMIN, Role.SUPERVISOR, Role.ANALYST, Role.VIEWER])


def test_the_people_sign_in_with_the_password_of_the_installation(demo: Organization, settings: Settings):
    password = (settings.VAR_DIR / "demo_password").read_text()
    assert len(password) >= 10
    assert (settings.VAR_DIR / "demo_password").stat().st_mode & 0o077 == 0
    for name in DEMO_PEOPLE:
        request = RequestFactory().post("/", REMOTE_ADDR="127.0.0.1")
        assert authenticate(request, username=name, password=password) is not None
        assert authenticate(request, username=name, password="guess") is None
    supers = get_user_model().objects.filter(is_superuser=True).values_list("username", flat=True)
    assert list(supers) == ["ada"]


def test_making_the_demo_again_keeps_what_people_changed(demo: Organization):
    Membership.objects.filter(user__username="vic").update(role=Role.ANALYST)
    get_user_model().objects.get(username="ada").set_password("my own")
    create_demo()
    assert Membership.objects.get(user__username="vic").role == Role.ANALYST
    assert get_user_model().objects.count() == 4


def test_in_demo_mode_nobody_needs_a_key_for_the_demo_organization(demo: Organization):
    assert posted(APIClient()) == 201
    assert posted(APIClient(), organization_id="org_123") == 201
    assert APIClient().get("/api/intraday/backlog/current").status_code == 200


def test_demo_mode_believes_nobody_elsewhere(demo: Organization):
    create_organization(id="org_999", name="Real")
    assert posted(APIClient(), organization_id="org_999") == 404
    assert APIClient().get("/api/intraday/backlog/current", {"organization_id": "org_999"}).status_code == 404
    assert access.by_demo("user_123", "org_999") is None
    assert posted(APIClient(headers={"Authorization": "Api-Key ik_wrong"})) == 401  # a wrong key is not overlooked


def test_demo_people_keep_their_role_and_others_are_supervisors(demo: Organization):
    roles = {name: access.by_demo(name, "org_123").role for name in ("ada", "vic", "user_123")}  # type: ignore[union-attr]
    assert roles == {"ada": Role.ADMIN, "vic": Role.VIEWER, "user_123": Role.SUPERVISOR}


def test_with_demo_mode_off_nobody_is_believed(demo: Organization, settings: Settings):
    settings.DEMO = False
    assert access.by_demo("ada", "org_123") is None
    assert posted(APIClient()) == 401
    assert APIClient().get("/api/ws/stats").status_code == 401


def test_demo_mode_without_the_demo_organization_opens_nothing(db: None, settings: Settings):
    settings.DEMO = True
    assert posted(APIClient()) == 401


def test_demo_mode_with_a_real_database_is_refused_at_start(settings: Settings):
    settings.DEMO = True
    [error] = demo_needs_embedded(None)
    assert error.id == "intraday.E001"
    settings.EMBEDDED = True
    assert demo_needs_embedded(None) == []
    settings.EMBEDDED, settings.DEMO = False, False
    assert demo_needs_embedded(None) == []


def test_the_check_is_one_that_manage_py_runs(settings: Settings):
    settings.DEMO = True
    with pytest.raises(SystemCheckError, match=r"intraday\.E001"):
        call_command("check")
