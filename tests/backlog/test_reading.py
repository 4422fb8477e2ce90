"""`current` and `history`: the newest figure and its age, and everything behind it, page by page."""

import csv
import io
import json
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.contrib.auth import get_user_model
from django.utils import timezone

from intraday.org.models import ApiKey, Membership, Organization, Role
from tests.backlog.posting import (
    BATCH,
    CURRENT,
    HISTORY,
    INGEST,
    TEN,
    at,
    post,
    post_batch,
    post_batch_up,
    roll_up,
    row,
)
from tests.rest.contract import ContractClient, contract_client

SUPPORT = {"queue_name": "support"}


# --- current ---------------------------------------------------------------------------------------------------------
def test_before_the_first_snapshot_there_is_no_figure(api: ContractClient):
    assert api.get(CURRENT).json() == {"current": None, "within": []}
    assert api.get(CURRENT, SUPPORT).json() == {"current": None, "within": []}
    assert api.get(HISTORY, SUPPORT).json() == {"items": [], "next": None}


def test_a_scope_is_read_with_the_scopes_inside_it(api: ContractClient):
    post_batch_up(
        api, row("support", total=10), row("billing", total=20), row("claims", total=30, department_id="other")
    )

    def totals(**query: str) -> tuple[int, list[int]]:
        answer = api.get(CURRENT, query).json()
        return answer["current"]["total_items"], sorted(each["total_items"] for each in answer["within"])

    assert totals() == (60, [10, 20, 30, 30, 30])
    assert totals(organization_id="org_123", department_id="dept_456") == (30, [10, 20])
    assert totals(department_id="dept_456", queue_name="support") == (10, [])
    assert totals(queue_name="claims") == (30, [])


def test_the_current_figure_is_the_event_with_its_age(api: ContractClient, heard: Any):
    with heard() as published:
        post(api, row(total=10))
    with time_machine.travel(TEN + timedelta(seconds=90.5), tick=False):
        current = api.get(CURRENT, SUPPORT).json()["current"]
    assert current.pop("data_age_seconds") == 90.5
    assert current.pop("cadence_seconds") == 900
    assert current == published.of("support")


@pytest.mark.parametrize(
    ("seconds", "quality"),
    [(0, "ok"), (180, "ok"), (180.001, "stale"), (86_400, "stale")],
)
def test_a_figure_is_stale_after_three_cadences_of_its_feed(api: ContractClient, seconds: float, quality: str):
    post_batch(api, row(minutes=-2), row(minutes=-1), row(minutes=0))
    with time_machine.travel(TEN + timedelta(seconds=seconds), tick=False):
        current = api.get(CURRENT, SUPPORT).json()["current"]
    assert (current["quality"], current["cadence_seconds"]) == (quality, 60)


def test_a_clock_that_is_behind_makes_no_negative_age(api: ContractClient):
    post(api, row())
    with time_machine.travel(TEN - timedelta(seconds=30), tick=False):
        assert api.get(CURRENT, SUPPORT).json()["current"]["data_age_seconds"] == 0


# --- history ---------------------------------------------------------------------------------------------------------
def times(answer: Any) -> list[str]:
    return [item["timestamp"] for item in answer["items"]]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, [0, 15, 30, 45]),
        ({"since": at(15)}, [15, 30, 45]),
        ({"since": "2026-01-31T11:15:00+01:00"}, [15, 30, 45]),
        ({"until": at(30)}, [0, 15]),
        ({"since": at(15), "until": at(15.1)}, [15]),
        ({"since": at(30), "until": at(30)}, []),
        ({"since": at(60)}, []),
        ({"limit": "2"}, [0, 15]),
        ({"since": at(1), "limit": "1"}, [15]),
    ],
)
def test_a_history_is_from_since_up_to_until(api: ContractClient, query: dict[str, str], expected: list[int]):
    post_batch(api, *(row(minutes=minutes) for minutes in (30, 0, 45, 15)), row("billing", 20))
    assert times(api.get(HISTORY, {**SUPPORT, **query}).json()) == [at(minutes) for minutes in expected]


def test_a_history_is_of_exactly_one_scope(api: ContractClient):
    post_batch_up(api, row("support", total=10), row("billing", total=20))
    for query, total in (({}, 30), ({"department_id": "dept_456"}, 30), (SUPPORT, 10)):
        items = api.get(HISTORY, query).json()["items"]
        assert [item["total_items"] for item in items] == [total]
        assert items[0]["derived"] is (total == 30)


def test_late_and_superseded_rows_are_in_the_history(api: ContractClient):
    post_batch(api, row(minutes=15), row(minutes=30))
    post(api, row(minutes=0))
    assert times(api.get(HISTORY, SUPPORT).json()) == [at(0), at(15), at(30)]


@pytest.mark.parametrize("limit", [1, 3, 7, 10, 1000])
def test_pages_visit_every_row_once_while_others_come_in(api: ContractClient, limit: int):
    """Rows posted meanwhile are seen after the cursor, not before it; no row comes twice."""
    post_batch(api, *(row(minutes=minutes) for minutes in range(0, 20, 2)))
    seen: list[str] = []
    query = {**SUPPORT, "limit": str(limit)}
    for page in range(40):
        answer = api.get(HISTORY, query).json()
        assert len(answer["items"]) <= limit
        seen += times(answer)
        if answer["next"] is None:
            break
        assert answer["next"] == seen[-1]
        query["cursor"] = answer["next"]
        if page < 5:
            post_batch(api, row(minutes=page + 1 / 3), row(minutes=100 + page))
    assert len(seen) == len(set(seen))
    assert seen == sorted(seen)
    assert set(seen) >= {at(minutes) for minutes in range(0, 20, 2)}


def test_a_page_that_just_fits_has_no_next(api: ContractClient):
    post_batch(api, *(row(minutes=minutes) for minutes in range(3)))
    answers = [api.get(HISTORY, {**SUPPORT, "limit": limit}).json() for limit in (2, 3)]
    assert [answer["next"] for answer in answers] == [at(1), None]


@pytest.mark.parametrize("limit", [1, 2, 1000])
@pytest.mark.parametrize(
    ("step", "expected"),
    [(60, [0, 1, 4, 5, 9.5, 10, 14, 61]), (300, [4, 9.5, 14, 61]), (3_600, [14, 61]), (86_400, [61])],
)
def test_a_history_in_steps_has_the_last_snapshot_of_each(
    api: ContractClient, step: int, expected: list[float], limit: int
):
    """Steps are counted from the full hour; a step without a snapshot is left out."""
    post_batch(api, *(row(minutes=minutes) for minutes in (0, 1, 4, 5, 9, 9.5, 10, 14, 61)), row("billing", 2))
    query, seen = {**SUPPORT, "step": str(step), "limit": str(limit)}, []
    while True:
        answer = api.get(HISTORY, query).json()
        seen += times(answer)
        if answer["next"] is None:
            break
        query["cursor"] = answer["next"]
    assert seen == [at(minutes) for minutes in expected]


FULL = {"sla_at_risk_count": 1, "oldest_item_age_minutes": 1.25, "items_added": 3, "items_completed": 3}


@pytest.mark.parametrize("accept", [{"format": "csv"}, None], ids=["?format=csv", "Accept: text/csv"])
def test_csv_is_the_json_cell_by_cell(api: ContractClient, accept: dict[str, str] | None):
    awkward = 'a,"b";\u00e9 =1+1'
    post_batch(
        api,
        row(awkward, 0, items_over_sla=None),
        *(row(awkward, minutes, **FULL) for minutes in (15, 30, 45)),
    )
    query = {"queue_name": awkward}
    items = api.get(HISTORY, query).json()["items"]
    headers = {} if accept else {"Accept": "text/csv"}
    response = api.get(HISTORY, {**query, **(accept or {})}, headers=headers)
    assert response["Content-Type"].startswith("text/csv")
    lines = list(csv.reader(io.StringIO(response.getvalue().decode())))
    columns = list(items[-1])
    assert lines[0] == columns
    assert len(lines) == 1 + len(items)
    for line, item in zip(lines[1:], items, strict=True):
        assert line == ["" if item[name] is None else as_cell(item[name]) for name in columns]


def as_cell(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def test_a_csv_names_its_next_page_in_a_link(api: ContractClient):
    post_batch(api, *(row(minutes=minutes) for minutes in range(5)))
    url, found = f"{HISTORY}?queue_name=support&format=csv&limit=2", []
    while url:
        response = api.get(url)
        found += [line["timestamp"] for line in csv.DictReader(io.StringIO(response.getvalue().decode()))]
        link = response.get("Link", "")
        url = link.partition("<")[2].partition(">")[0]
        assert not url or link.endswith('>; rel="next"')
        assert not url or parse_qs(urlsplit(url).query)["queue_name"] == ["support"]
    assert found == [at(minutes) for minutes in range(5)]


# --- tenants ---------------------------------------------------------------------------------------------------------
READS = [CURRENT, HISTORY, "/api/ws/stats", "/api/ws/connections", "/api/ws/rooms"]
WRITES = [INGEST, BATCH, "/api/intraday/backlog/ingest", "/api/intraday/backlog/batch-ingest"]


def call(client: ContractClient, path: str, organization: str | None = "org_123") -> int:
    """The status of a read or a write that is in order but for who asks."""
    named = {} if organization is None else {"organization_id": organization}
    if path in READS:
        return client.get(path, named).status_code
    body = row(**named)
    return post(client, {"items": [body]} if "batch" in path else body, path)["status"]


@pytest.fixture
def person(organization: Organization) -> ContractClient:
    user = get_user_model().objects.create_user("vic")
    Membership.objects.create(user=user, organization=organization, role=Role.VIEWER)
    client = ContractClient()
    client.force_login(user)
    return client


@pytest.mark.parametrize("path", [*READS, *WRITES])
def test_who_may_not_is_told_so(
    api: ContractClient,
    outsider: ContractClient,
    person: ContractClient,
    organization: Organization,
    path: str,
):
    own = 200 if path in READS else 201
    assert call(api, path) == own
    assert call(api, path, organization=None) == own
    assert call(outsider, path) == 404
    assert call(ContractClient(), path) == 401
    assert call(ContractClient(headers={"Authorization": "Api-Key ik_wrong"}), path) == 401
    assert call(ContractClient(headers={"Authorization": "Bearer something"}), path) == 401
    assert call(contract_client(organization, "ingest"), path) == (403 if path in READS else 201)
    assert call(contract_client(organization, "read"), path) == (200 if path in READS else 403)
    assert call(person, path) == (200 if path in READS else 403)  # a viewer
    ApiKey.objects.update(revoked_at=timezone.now())
    assert call(api, path) == 401
    person.logout()
    assert call(person, path) == 401


def test_two_organizations_with_the_same_names_never_see_each_other(api: ContractClient, outsider: ContractClient):
    post_batch_up(api, row("support", total=123), row("billing", total=1))
    post_batch(outsider, row("support", total=999))
    assert roll_up("org_999") == 2
    for query in ({}, {"organization_id": "org_999"}, SUPPORT, {"department_id": "dept_456"}):
        found = outsider.get(CURRENT, query).json()
        for figure in (found["current"], *found["within"], *outsider.get(HISTORY, query).json()["items"]):
            assert (figure["organization_id"], figure["total_items"]) == ("org_999", 999)


def test_posting_into_another_organization_by_batch_reaches_only_ones_own(
    api: ContractClient, stranger: Organization, heard: Any
):
    with heard("backlog:org:org_999") as theirs:
        answer = post_batch(api, row(total=1, organization_id="org_999"), row(total=2, organization_id="org_123"))
    assert (answer["status"], [each["index"] for each in answer["rejected"]]) == (207, [0])
    assert theirs == []


def test_a_person_of_two_organizations_must_say_which(person: ContractClient, stranger: Organization):
    assert person.get(CURRENT).status_code == 200
    user = get_user_model().objects.get(username="vic")
    Membership.objects.create(user=user, organization=stranger, role=Role.VIEWER)
    assert person.get(CURRENT).status_code == 404
    assert person.get(CURRENT, {"organization_id": "org_999"}).status_code == 200


def test_a_person_posts_with_a_csrf_token_only(organization: Organization):
    user = get_user_model().objects.create_user("ada")
    Membership.objects.create(user=user, organization=organization, role=Role.ADMIN)
    client = ContractClient(enforce_csrf_checks=True)
    client.force_login(user)
    answer = post(client, row())
    assert (answer["status"], answer.keys()) == (403, {"status", "code", "message", "request_id", "docs_url"})
    client.handler.enforce_csrf_checks = False
    assert post(client, row())["status"] == 201


def test_a_person_who_was_locked_out_reads_nothing(person: ContractClient):
    get_user_model().objects.update(is_active=False)
    assert person.get(CURRENT).status_code == 401


def test_an_empty_csv_still_names_its_columns(api: ContractClient):
    response = api.get(f"{HISTORY}?format=csv")
    assert response.status_code == 200
    assert (
        response.getvalue()
        .decode()
        .startswith("snapshot_id,organization_id,department_id,queue_name,timestamp,total_items")
    )
