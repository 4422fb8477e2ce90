"""Values that programs stumble over, in bodies and addresses: a clear 400, whatever the endpoint."""

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from rest_framework.test import APIClient

from intraday.org.models import Organization, Role
from intraday.sign_in.limits import _folded
from intraday.values.names import normalized
from tests.access.people import bearer, person, token_of

INGEST = "/api/schedulesbacklog/ingest"
BATCH = "/api/schedulesbacklog/batch-ingest"
PREVIEW = "/api/alerts/rules/preview"
RULES = "/api/alerts/rules"
ACKNOWLEDGE = "/api/alerts/acknowledge"
SPAN = '"since":"2026-01-30T10:00:00Z","until":"2026-01-31T10:00:00Z"'
ROW = '"queue_name":"support","snapshot_time":"2026-01-31T10:00:00Z","average_wait_time_minutes":1'
RULE = '"name":"n","source":"kpi","metric":"service_level","operator":"<","severity":"high"'

BODIES = {
    "nothing but brackets": (INGEST, "[" * 100_000),
    "an object in an object in …": (INGEST, '{"a":' * 20_000),
    "a depth that is complete": (INGEST, "[" * 20_000 + "]" * 20_000),
    "a number of 5,000 digits": (INGEST, f'{{{ROW},"total_items":{"9" * 5_000}}}'),
    "a number of 30 digits": (INGEST, f'{{{ROW},"total_items":{"9" * 30}}}'),
    "text of 5,000 digits": (INGEST, f'{{{ROW},"total_items":"{"9" * 5_000}"}}'),
    "more than the column holds": (INGEST, f'{{{ROW},"total_items":{2**63}}}'),
    "NaN": (INGEST, f'{{{ROW},"total_items":NaN}}'),
    "Infinity": (INGEST, f'{{{ROW},"total_items":Infinity}}'),
    "a float beyond floats": (INGEST, f'{{{ROW},"total_items":1e400}}'),
    "NaN as text": (INGEST, f'{{{ROW},"total_items":"NaN"}}'),
    "true as a number": (INGEST, f'{{{ROW},"total_items":1,"items_over_sla":[true]}}'),
    "digits of another script": (INGEST, f'{{{ROW},"total_items":"\u0661\u00b2"}}'),
    "NUL in a name": (INGEST, '{"queue_name":"a\\u0000b","snapshot_time":"2026-01-31T10:00:00Z","total_items":1}'),
    "NUL as the organization": ("/api/ws/events", '{"organization_id":"\\u0000","event":"acme:lunch","payload":{}}'),
    "half a character": (INGEST, '{"queue_name":"\\ud800","snapshot_time":"2026-01-31T10:00:00Z","total_items":1}'),
    "a date of 3,000 characters": (INGEST, f'{{"queue_name":"support","snapshot_time":"2026-{"0" * 3_000}1"}}'),
    "a fraction of 3,000 digits": (INGEST, f'{{"snapshot_time":"2026-01-31T10:00:00.{"1" * 3_000}Z"}}'),
    "the end of time": (INGEST, '{"queue_name":"support","snapshot_time":"9999-12-31T23:59:59-14:00"}'),
    "the beginning of time": (INGEST, '{"queue_name":"support","snapshot_time":"0001-01-01T00:00:00+14:00"}'),
    "more rows than a batch has": (BATCH, '{"items":[' + "{}," * 5_000 + "{}]}"),
    "ids that are no text": (ACKNOWLEDGE, '{"ids":[true]}'),
    "ids that are numbers": (ACKNOWLEDGE, '{"ids":[1]}'),
    "ids below zero": (ACKNOWLEDGE, '{"ids":[-1]}'),
    "ids in lists": (ACKNOWLEDGE, '{"ids":[[]]}'),
    "a draft that is a list": (PREVIEW, f'{{{SPAN},"draft":[1]}}'),
    "a draft with hours that are a number": (PREVIEW, f'{{{SPAN},"draft":{{{RULE},"threshold":1,"active_hours":5}}}}'),
    "a draft with steps that are null": (PREVIEW, f'{{{SPAN},"draft":{{{RULE},"threshold":1,"escalation":null}}}}'),
    "a draft with steps that are texts": (PREVIEW, f'{{{SPAN},"draft":{{{RULE},"threshold":1,"escalation":["x"]}}}}'),
    "a draft with a source that is a list": (PREVIEW, f'{{{SPAN},"draft":{{"source":[],"metric":{{}},"name":1}}}}'),
    "a draft with half a step": (PREVIEW, f'{{{SPAN},"draft":{{{RULE},"threshold":1,"escalation":[{{}}]}}}}'),
    "a draft with an unknown field": (PREVIEW, f'{{{SPAN},"draft":{{{RULE},"threshold":1,"treshold":2}}}}'),
    "a preview of a year": (PREVIEW, '{"since":"2025-01-01T00:00:00Z","until":"2026-01-01T00:00:00Z","draft":{}}'),
    "a metric whose likeness takes long": (RULES, f'{{{RULE.replace("service_level", "a" * 100_000)},"threshold":1}}'),
    "a threshold that no column holds": (RULES, f'{{{RULE},"threshold":{"9" * 400}}}'),
    "more windows than a week has": (
        RULES,
        f'{{{RULE},"threshold":1,"active_hours":['
        + ",".join(['{"days":["mon"],"start":"08:00","end":"09:00"}'] * 51)
        + "]}",
    ),
    "seconds beyond all": (RULES, f'{{{RULE},"threshold":1,"for_seconds":{10**18}}}'),
    "agents beyond all": ("/api/intraday/kpi/what-if", '{"queue_name":"support","agents":1000000000000}'),
    "contacts beyond all": ("/api/intraday/kpi/what-if", '{"queue_name":"support","volume":1e300}'),
    "a day that is none": ("/api/intraday/kpi/compute", '{"queue_name":"support","as_of_time":"2026-02-30T00:00:00Z"}'),
}
ADDRESSES = [
    "/api/intraday/backlog/history?since=2026-01-31T10:00:00.%s" % ("1" * 3_000),
    "/api/intraday/backlog/history?limit=%s" % ("9" * 5_000),
    "/api/intraday/backlog/history?limit=%C2%B2",
    "/api/intraday/backlog/history?queue_name=a%00b",
    "/api/intraday/backlog/history?cursor=%ED%A0%80",
    "/api/intraday/kpi/intervals?queue_name=support&date=99999-01-01",
    "/api/intraday/kpi/intervals?queue_name=support&date=0001-01-01",
    "/api/alerts?rule_id=%s" % ("1" * 40),
    "/api/alerts?cursor=~~~~",
    "/api/audit?cursor=%s" % ("9" * 30),
]


@pytest.fixture
def mallory(organization: Organization) -> APIClient:
    """An administrator, who gets furthest. The calls of a minute are counted by name, also those of other tests."""
    return bearer(token_of(person("mallory", organization, Role.ADMIN), organization))


def post(client: APIClient, path: str, body: str) -> Any:
    return client.generic("POST", path, body.encode(), content_type="application/json")


@pytest.mark.parametrize("name", BODIES)
def test_a_hostile_body_is_refused_and_says_why(mallory: APIClient, name: str):
    answer = post(mallory, *BODIES[name])
    assert answer.status_code == 400, answer.content
    assert answer.json()["message"]
    assert len(answer.content) < 10_000_000


MANY = 20_000
WEEKLY = '"start":"08:00","end":"09:00","days":["mon"' + ',"mon"' * MANY + "]"
LISTS = {
    "ids": (ACKNOWLEDGE, '{"ids":[' + "1," * MANY + "1]}"),
    "windows of a silence": ("/api/alerts/silences", '{"weekly":[' + "{}," * MANY + "{}]}"),
    "windows of a rule": (RULES, '{"active_hours":[' + "{}," * MANY + "{}]}"),
    "days of a window": ("/api/alerts/silences", f'{{"weekly":[{{{WEEKLY}}}]}}'),
    "steps of a rule": (RULES, '{"escalation":[' + "{}," * MANY + "{}]}"),
    "effects of an action": ("/api/intraday/actions", '{"kind":"move","predicted":[' + "{}," * MANY + "{}]}"),
    "rights of a key": ("/api/keys", '{"scopes":[' + "1," * MANY + "1]}"),
    "ages of a snapshot": (INGEST, f'{{{ROW},"total_items":1,"age_profile":[' + "{}," * MANY + "{}]}"),
    "fields of a draft": (PREVIEW, f'{{{SPAN},"draft":{{' + ",".join(f'"{n}":1' for n in range(MANY)) + "}}"),
}


@pytest.mark.parametrize("name", LISTS)
def test_a_list_that_is_too_long_is_refused_before_its_items_are_checked(mallory: APIClient, name: str):
    """Else the answer has an error for each of them, made with much time and memory."""
    answer = post(mallory, *LISTS[name])
    assert answer.status_code == 400, answer.content[:500]
    assert len(answer.content) < 2_000


NAMES = {
    "text of marks": "a" + "\u0301\u0316" * 50_000,
    "ligatures": "\ufdfa" * 50_000,
    "one character more than is put in order": "a" * 513,
}


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_is_too_long_is_refused_as_it_is(mallory: APIClient, client: Client, name: str):
    """Marks are put in order in quadratic time: of 100,000 in seven seconds."""
    answer = mallory.post("/api/intraday/kpi/what-if", {"queue_name": NAMES[name]}, format="json")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["queue_name"])
    assert normalized(NAMES[name]) is NAMES[name]
    assert client.post("/signin", {"username": NAMES[name], "password": "x"}).status_code == 200
    assert _folded(NAMES[name]) == _folded(NAMES[name][:512])


@pytest.mark.parametrize("depth", [65, 400, 900, *range(915, 935), 950])
def test_a_body_of_too_many_levels_is_refused_at_any_depth(mallory: APIClient, depth: int):
    answer = post(mallory, "/api/ws/token", '{"user_id":"a","role":' + "[" * depth + "]" * depth + "}")
    assert answer.status_code == 400
    assert answer.json()["code"] in ({"invalid"} if depth < 900 else {"invalid", "not_json"})


END_OF_TIME = [
    "/api/intraday/backlog/history?until=9999-12-31T23:59:59Z",
    "/api/intraday/kpi/history?until=9999-12-31T23:59:59Z&format=csv",
    "/api/intraday/attendance/history?until=9999-12-31T23:59:59Z",
    "/api/intraday/attendance/adherence?by=day&since=9999-12-31",
    "/api/intraday/attendance/states?employee_id=ada&date=9999-12-31",
    "/api/alerts?until=9999-12-31T23:59:59Z",
    "/api/audit?until=9999-12-31T23:59:59Z",
    "/admin/alerts/alert/?triggered_at__year=9999",
]


@pytest.mark.parametrize("address", END_OF_TIME)
@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_the_end_of_time_is_refused_in_zones_on_either_side(
    mallory: APIClient, boss: Client, organization: Organization, address: str, zone: str
):
    Organization.objects.update(time_zone=zone)
    if address.startswith("/api"):
        assert mallory.get(address).status_code == 400
    else:
        assert boss.get(address).status_code in (302, 400)


@pytest.mark.parametrize("day", ["0001-01-01", "1989-12-31", "2200-01-01", "9999-12-31"])
def test_a_form_of_the_admin_takes_no_day_beyond_the_calendar(boss: Client, organization: Organization, day: str):
    said = {"organization": organization.pk, "name": "feed", "scopes": ["ingest"], "expires_on": day}
    answer = boss.post("/admin/org/apikey/add/", said)
    assert "expires_on" in answer.context["adminform"].errors
    said = {"organization": organization.pk, "comment": "x", "starts_at_1": "10:00", "ends_at_1": "11:00"}
    answer = boss.post("/admin/alerts/silence/add/", said | {"starts_at_0": day, "ends_at_0": day})
    assert {"starts_at", "ends_at"} <= answer.context["adminform"].errors.keys()
    assert boss.get("/admin/alerts/silence/").status_code == 200


@pytest.mark.parametrize("address", ADDRESSES, ids=lambda address: address[:60])
def test_a_hostile_address_is_refused_and_says_why(mallory: APIClient, address: str):
    answer = mallory.get(address)
    assert answer.status_code in (400, 404), answer.content
    assert answer.json()["message"]


def test_the_page_of_the_documentation_knows_no_other_method(client: Client, db: None):
    assert client.get("/api/docs").status_code == 200
    for method in ("OPTIONS", "POST", "DELETE"):
        assert client.generic(method, "/api/docs").status_code == 405


PAGES = {
    "/admin/auth/group/": {"action": "delete_selected", "_selected_action": "²"},
    "/admin/org/queue/": {"action": "delete_selected", "_selected_action": "9" * 40},
    "/admin/kpi/holiday/": {"action": "delete_selected", "_selected_action": "a\0b"},
    "/admin/alerts/rule/": {"action": "enable", "_selected_action": "no id"},
}


@pytest.fixture
def boss(client: Client, django_user_model: Any) -> Client:
    client.force_login(django_user_model.objects.create_superuser("boss"))
    return client


@pytest.mark.parametrize("page", PAGES)
def test_a_row_of_the_admin_is_not_chosen_by_what_is_no_key(boss: Client, page: str):
    assert boss.post(page, PAGES[page]).status_code == 400


def test_an_address_of_the_admin_that_holds_a_nul_leads_nowhere(boss: Client):
    for page in ("change", "delete", "history"):
        assert boss.get(f"/admin/outgoing/channel/a%00/{page}/").status_code == 302


def test_what_is_no_row_is_a_wrong_choice_in_a_form(boss: Client):
    for scope in ("x", "²", "9" * 40, "-1", str(uuid4())):
        answer = boss.post("/admin/kpi/holiday/add/", {"scope": scope, "date": "2026-01-31"})
        assert answer.status_code == 200
        assert "scope" in answer.context["adminform"].errors


def test_lists_of_the_admin_take_no_lookups_but_their_filters(boss: Client):
    for query in ("password__startswith=a", "date_joined__lt=x", "username__regex=(", "_facets=a%00b"):
        assert boss.get(f"/admin/auth/user/?{query}").status_code in (302, 400)


def test_a_name_that_unicode_makes_longer_than_any_is_a_failed_sign_in(client: Client, db: None):
    answer = client.post("/signin", {"username": "\ufdfa" * 40, "password": "x"})
    assert answer.status_code == 200
    assert answer.context["form"].errors
