"""Saved views and API keys over REST: each person has her own views, and people alone make keys."""

from typing import Any

from rest_framework.test import APIClient

from intraday.org import saved_views
from intraday.org.models import ApiKey, Organization, Role, SavedView
from tests.access.people import bearer, browser_of, person, token_of
from tests.conftest import client_of

ORG = {"organization_id": "org_123"}


def save(client: APIClient, name: str, query: str = "state=critical") -> Any:
    return client.post("/api/me/views", {**ORG, "name": name, "query": query}, format="json")


def names(client: APIClient) -> list[str]:
    return [each["name"] for each in client.get("/api/me/views", ORG).json()["items"]]


def test_a_view_is_its_owners_alone(house: Organization):
    sam, ana = browser_of(person("sam", house)), browser_of(person("ana", house))
    made = save(sam, "mornings")
    assert made.status_code == 201
    assert (names(sam), names(ana)) == (["mornings"], [])
    path = f"/api/me/views/{made.json()['view_id']}?organization_id=org_123"
    assert ana.delete(path).status_code == 404
    assert sam.delete(path).status_code == 204
    assert names(sam) == []


def test_saving_under_the_same_name_replaces(house: Organization):
    sam = browser_of(person("sam", house))
    first = save(sam, "mornings").json()
    again = save(sam, "mornings", "search=mail&sort=-gap")
    assert again.status_code == 200
    assert again.json() == first | {"query": "search=mail&sort=-gap"}


def test_views_are_few_short_and_say_only_what_an_address_can(house: Organization):
    sam = browser_of(person("sam", house))
    for number in range(saved_views.MOST):
        assert save(sam, f"view {number}").status_code == 201
    assert "name" in save(sam, "one more").json()["errors"]
    assert save(sam, "view 3", "group=department").status_code == 200
    for query in ("organization=org_999", "script=x", "search=" + "x" * 500):
        assert "query" in save(sam, "view 3", query).json()["errors"]
    assert SavedView.objects.get(name="view 3").query == "group=department"


def test_views_are_of_one_organization_and_go_with_the_membership(house: Organization, stranger: Organization):
    user = person("sam", house)
    person("sam", stranger)
    sam = browser_of(user)
    save(sam, "mornings")
    assert sam.get("/api/me/views", {"organization_id": "org_999"}).json() == {"items": []}
    user.memberships.filter(organization=house).delete()
    assert not SavedView.objects.exists()


def test_a_key_has_no_views(house: Organization):
    assert save(client_of(house, "read"), "mornings").status_code == 403


def test_an_administrator_makes_a_key_that_works_and_revokes_it(house: Organization):
    admin = browser_of(person("dana", house, Role.ADMIN))
    made = admin.post("/api/keys", {**ORG, "name": "acd", "scopes": ["ingest"]}, format="json").json()
    row = {"queue_name": "calls", "department_id": "dept_456", "total_items": 1, "average_wait_time_minutes": 1}
    row["snapshot_time"] = "2026-01-31T10:00:00Z"
    feed = APIClient()
    feed.credentials(HTTP_AUTHORIZATION=f"Api-Key {made['key']}")
    assert feed.post("/api/schedulesbacklog/ingest", row, format="json").status_code == 201
    listed = admin.get("/api/keys", ORG).json()["items"]
    assert [each["name"] for each in listed] == ["acd"]
    assert made["key"] not in str(listed)
    assert admin.post("/api/keys/revoke", {**ORG, "key_id": made["key_id"]}, format="json").status_code == 200
    assert feed.post("/api/schedulesbacklog/ingest", row, format="json").status_code == 401


def test_neither_keys_nor_tokens_make_keys_and_none_that_publishes_is_made(house: Organization):
    dana = person("dana", house, Role.ADMIN)
    body = {**ORG, "name": "acd", "scopes": ["ingest"]}
    before = ApiKey.objects.count()
    assert bearer(token_of(dana, house)).post("/api/keys", body, format="json").status_code == 403
    assert browser_of(dana).post("/api/keys", {**body, "scopes": ["publish"]}, format="json").status_code == 400
    assert ApiKey.objects.count() == before
