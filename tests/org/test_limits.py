"""Limits of an organization: queues, departments and names are counted; superusers set them; refusals are told."""

import json
import re
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

import intraday.feed_health.services
from intraday import checks
from intraday.audit.models import AuditEntry
from intraday.feed_health.models import Feed
from intraday.org import limits
from intraday.org.limits import refusals
from intraday.org.models import Organization, Queue, Role, Scope
from intraday.org.services import add_queues
from realtime.eventlog.event_names import remembered
from realtime.models import EventName
from tests.access.people import browser_of, person
from tests.backlog.posting import post, post_batch, row
from tests.calls import at_once
from tests.conftest import client_of
from tests.rest.contract import contract_client

EVENTS = "/api/ws/events"
OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"


def limit(organization: Organization, **allowed: int) -> None:
    for name, number in allowed.items():
        setattr(organization, f"limit_{name}", number)
    organization.save()


def queues_of(organization: Organization) -> set[str]:
    rows = Scope.objects.filter(organization=organization).exclude(queue_name="")
    return set(rows.values_list("queue_name", flat=True))


def snapshot(queue: str, department: str = "dept_456") -> dict[str, Any]:
    return row() | {"queue_name": queue, "department_id": department}


def test_a_queue_too_many_is_a_conflict_that_says_what_to_do(organization: Organization):
    limit(organization, queues=4)
    api = contract_client(organization)
    assert post(api, snapshot("fourth"))["status"] == 201
    answer = post(api, snapshot("fifth"))
    assert answer.pop("request_id")
    assert answer.pop("docs_url")
    assert answer == {
        "status": 409,
        "code": "limit_reached",
        "message": "Queue 'fifth' of department 'dept_456' is new, and there was no room for it: this organization may "
        "have 4 queues (limit queues). Use those that there are, or ask the operator to raise the limit.",
    }
    assert post(api, snapshot("fourth"))["status"] == 201
    assert queues_of(organization) == {"support", "billing", "sales", "fourth"}
    intraday.feed_health.services.store()
    assert "no room" in Feed.objects.get(organization=organization).last_error


def test_of_a_batch_the_rows_that_fit_are_taken(organization: Organization):
    limit(organization, queues=4)
    answer = post_batch(contract_client(organization), *(snapshot(name) for name in "abc"))
    assert answer["status"] == 207
    assert [each["index"] for each in answer["results"]] == [0]
    assert [each["index"] for each in answer["rejected"]] == [1, 2]
    assert "no room" in answer["rejected"][0]["errors"]["queue_name"][0]
    assert queues_of(organization) == {"support", "billing", "sales", "a"}


def test_a_department_too_many_brings_none_of_its_queues(organization: Organization):
    limit(organization, departments=1)
    answer = post(contract_client(organization), snapshot("new", department="other"))
    assert answer["status"] == 409
    assert "Department 'other'" in answer["message"]
    assert queues_of(organization) == {"support", "billing", "sales"}


def test_a_batch_that_is_refused_whole_leaves_nothing_behind(organization: Organization):
    limit(organization, queues=3)
    answer = post_batch(contract_client(organization), *(snapshot(name) for name in "abc"))
    assert answer["status"] == 409
    assert queues_of(organization) == {"support", "billing", "sales"}


@pytest.mark.usefixtures("transactional_db")
def test_feeds_that_make_queues_at_the_same_time_do_not_pass_the_limit_together(organization: Organization):
    limit(organization, queues=10)
    clients = [client_of(organization) for _ in range(6)]
    rows = [[snapshot(f"{place}-{number}") for number in range(5)] for place in range(6)]
    answers = at_once(*(partial(post_batch, client, *each) for client, each in zip(clients, rows, strict=True)))
    assert {answer["status"] for answer in answers} <= {201, 207, 409}
    assert len(queues_of(organization)) == 10
    assert Queue.objects.filter(department__organization=organization).count() == 10


def test_a_queue_that_is_known_is_not_counted(organization: Organization):
    """The limits come with the caller's organization; what was reserved of a minute is in memory."""
    api = client_of(organization)
    with CaptureQueriesContext(connection) as asked:
        assert post(api, snapshot("support"))["status"] == 201
    assert not [query for query in asked if "SELECT COUNT(*)" in query["sql"] or "FOR NO KEY" in query["sql"]]


# --- names of own events ---------------------------------------------------------------------------------------------
@pytest.fixture
def publisher(organization: Organization) -> Any:
    remembered.forget()
    return contract_client(organization, "publish", "read")


def emit(publisher: Any, name: str) -> Any:
    return post(publisher, {"event": name, "payload": {}}, EVENTS)


def test_names_of_own_events_are_counted_and_known_ones_go_on(organization: Organization, publisher: Any):
    limit(organization, event_names=2)
    assert [emit(publisher, f"acme:{name}")["status"] for name in ("a", "b", "c", "a")] == [201, 201, 409, 201]
    assert sorted(EventName.objects.values_list("name", flat=True)) == ["acme:a", "acme:b"]
    answer = emit(publisher, "acme:d")
    assert answer["code"] == "limit_reached"
    assert "2 event names" in answer["message"]


@pytest.mark.usefixtures("transactional_db")
def test_a_name_that_was_used_today_is_not_looked_up_again(organization: Organization, publisher: Any):
    emit(publisher, "acme:a")
    with CaptureQueriesContext(connection) as asked:
        emit(publisher, "acme:a")
    assert not [query for query in asked if "eventname" in query["sql"]]
    remembered.forget()


# --- in the admin ----------------------------------------------------------------------------------------------------
def form(organization: Organization, **changed: str) -> dict[str, str]:
    inline = {f"memberships-{name}": "0" for name in ("TOTAL_FORMS", "INITIAL_FORMS")}
    return {"name": organization.name, "time_zone": "UTC", "feeds_may_create": "on", **inline, **changed}


def test_superusers_set_limits_which_leaves_a_trail_and_reaches_open_sockets(
    organization: Organization, admin_client: Client
):
    version = organization.access_version
    page = f"/admin/org/organization/{organization.pk}/change/"
    assert 'placeholder="10000"' in admin_client.get(page).content.decode()
    assert admin_client.post(page, form(organization, limit_queues="7")).status_code == 302
    organization.refresh_from_db()
    assert limits.limit_of(organization, "queues") == 7
    assert limits.limit_of(organization, "computes") == 2
    assert organization.access_version > version
    entry = AuditEntry.objects.get(action="organization.changed")
    assert (entry.before, entry.after) == ({"limit_queues": None}, {"limit_queues": 7})
    assert admin_client.post(page, form(organization, limit_queues="0")).status_code == 200


def test_an_organizations_own_admin_sees_its_limits_and_cannot_change_them(organization: Organization, client: Client):
    client.force_login(person("dana", organization, Role.ADMIN))
    page = f"/admin/org/organization/{organization.pk}/change/"
    assert "Limits" in client.get(page).content.decode()
    form_of_hers = client.get(page).context["adminform"].form
    assert not [name for name in form_of_hers.fields if name.startswith("limit_")]


def test_the_limit_holds_for_queues_and_departments_made_by_hand(organization: Organization, admin_client: Client):
    limit(organization, queues=3, departments=1)
    [department] = organization.departments.all()
    answer = admin_client.post("/admin/org/queue/add/", {"department": department.pk, "name": "fourth"})
    assert "no room" in answer.content.decode()
    answer = admin_client.post("/admin/org/department/add/", {"organization": "org_123", "code": "two", "name": "Two"})
    assert "no room" in answer.content.decode()
    assert queues_of(organization) == {"support", "billing", "sales"}


# --- what was refused ------------------------------------------------------------------------------------------------
def test_a_limit_is_logged_once_a_minute_and_counted_for_prometheus(
    organization: Organization, client: Client, caplog: pytest.LogCaptureFixture
):
    limit(organization, queues=3)
    before = refusals.totals().get("queues", 0)
    refusals._found.clear()
    api = contract_client(organization)
    for name in "abc":
        post(api, snapshot(name))
    assert refusals.totals()["queues"] == before + 3
    [line] = [record.message for record in caplog.records if "limit_reached" in record.message]
    assert "INTRADAY_LIMIT_QUEUES" in line
    assert f'intraday_limited_total{{kind="queues"}} {before + 3}.0' in client.get("/metrics").content.decode()
    assert refusals.recent()["org_123"]["queues"]["refused"] == 3
    assert json.dumps(refusals.recent())


def test_a_person_with_several_organizations_uses_up_the_limit_of_the_one_she_posts_to(
    organization: Organization, stranger: Organization, own_minute: None
):
    dana = person("dana", organization, Role.ADMIN)
    person("dana", stranger, Role.ADMIN)
    add_queues(stranger, [("dept_456", "support")])
    limit(stranger, rows_per_minute=2)
    api = browser_of(dana)

    def post_to(to: str) -> int:
        rows = [snapshot("support") | {"organization_id": to}] * 2
        return int(post_batch(api, *rows)["status"])

    assert post_to("org_123") == 201
    assert [post_to("org_999") for _ in range(2)] == [201, 429]


def test_a_limit_that_allows_nothing_is_refused_at_start(settings: Any):
    settings.LIMITS = settings.LIMITS | {"queues": 0}
    [found] = checks.limits_allow_something(None)
    assert (found.id, found.msg) == ("intraday.E031", "INTRADAY_LIMIT_QUEUES is 0: at least 1.")


def test_every_limit_has_a_default_a_column_and_a_row_in_the_documentation():
    assert tuple(settings.LIMITS) == limits.NAMES
    documented = re.findall(r"^\| `(INTRADAY_LIMIT_\w+)` \|", OPERATIONS.read_text(), re.MULTILINE)
    assert documented == [limits.setting_of(name) for name in limits.NAMES]
    assert [name for name in limits.NAMES if not hasattr(Organization, f"limit_{name}")] == []
