"""Links of wall boards: one scope, read only, no names, until they are revoked."""

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from intraday.org import access
from intraday.org.access import Grant, Wall
from intraday.org.credentials import tokens, walls
from intraday.org.models import Organization, Role, WallBoard
from intraday.org.names import Names
from tests.access.people import bearer, browser_of, person
from tests.live import LiveServer, socket
from tests.realtime.notes import in_thread


def hung(organization: Organization, department: str = "") -> str:
    """A board's secret."""
    board = {"organization": organization, "department_id": department, "name": "2nd floor", "created_by": "sam"}
    return walls.create(**board)[1]  # type: ignore[arg-type]


def token(secret: str) -> str:
    principal = walls.opened_by(secret, now=timezone.now())
    assert principal is not None
    return walls.token_of(principal)


def revoke() -> None:
    walls.revoke(WallBoard.objects.all(), now=timezone.now())


def test_only_a_digest_of_the_secret_is_stored(house: Organization):
    secret = hung(house)
    assert secret not in str(list(WallBoard.objects.values()))
    with pytest.raises(ValidationError):
        hung(house, "no such id!")


def test_a_board_reads_its_department_and_nothing_else(house: Organization):
    client = bearer(token(hung(house, "dept_456")))
    ask = {"organization_id": "org_123"}
    for path in ("backlog/history", "kpi/intervals"):
        answers = {
            department: client.get(f"/api/intraday/{path}", ask | {"department_id": department}).status_code
            for department in ("dept_456", "dept_789")
        }
        assert answers == {"dept_456": 200, "dept_789": 404}
        assert client.get(f"/api/intraday/{path}", ask).status_code == 403
        assert client.get(f"/api/intraday/{path}", {"organization_id": "org_999"}).status_code == 404


def test_a_board_does_nothing_and_sees_no_names(house: Organization):
    principal = access.by_credential(tokens.read(token(hung(house))))
    assert principal is not None
    assert principal.grants == {Grant.WATCH}
    assert principal.names is Names.NONE
    posted = bearer(token(hung(house))).post("/api/schedulesbacklog/ingest", {"queue_name": "support"}, format="json")
    assert posted.status_code in (400, 403)


def test_a_token_is_short_lived_and_falls_with_the_link(house: Organization):
    held = tokens.read(token(hung(house)))
    assert isinstance(held, Wall)
    assert held.expires_at is not None
    assert held.expires_at <= timezone.now() + tokens.LONGEST
    revoke()
    assert access.by_credential(held) is None


def test_the_page_and_its_token_are_gone_after_the_revocation(client: Client, house: Organization):
    path = f"/wall/{hung(house)}"
    page = client.get(path)
    assert page.status_code == 200
    assert page["Referrer-Policy"] == "no-referrer"
    assert client.get(f"{path}/token").json().keys() == {"token", "expires_at", "version"}
    revoke()
    assert client.get(path).status_code == client.get(f"{path}/token").status_code == 404


def test_a_supervisor_makes_and_revokes_links_of_what_she_sees_herself(house: Organization):
    client = browser_of(person("sam", house, Role.SUPERVISOR, "dept_456"))
    hung(house)
    body = {"organization_id": "org_123", "department_id": "dept_456", "name": "Lobby"}
    made = client.post("/api/walls", body, format="json").json()
    assert made["path"].startswith("/wall/")
    listed = client.get("/api/walls").json()["items"]
    assert [(each["name"], each["created_by"], "path" in each) for each in listed] == [("Lobby", "sam", False)]
    whole = WallBoard.objects.get(department_id="")
    assert revoked(client, whole.pk) == 404
    assert revoked(client, made["wall_id"]) == 200
    assert revoked(client, made["wall_id"]) == 404
    assert client.get("/api/walls").json() == {"items": []}


def revoked(client: APIClient, wall: object) -> int:
    return client.post("/api/walls/revoke", {"wall_id": str(wall)}, format="json").status_code


async def test_an_open_board_ends_within_seconds(server: LiveServer, house: Organization):
    secret = await in_thread(lambda: hung(house))
    async with socket(server, await in_thread(lambda: token(secret))) as client:
        await client.subscribe("backlog:org:org_123")
        await in_thread(revoke)
        assert await client.closed() == 4401
