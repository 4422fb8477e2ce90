"""A request that is sent again with its Idempotency-Key gets the answer of the first one, and creates nothing."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from alerts.models import Rule, Silence
from attendance.models import Shift
from backlog.models import Snapshot
from intraday.org.models import ApiKey, Organization, Role, WallBoard
from intraday.rest.idempotency import stored_answers
from intraday.rest.idempotency.models import StoredAnswer
from kpi.models import KPISnapshot
from realtime.models import Segment
from tests.access.people import bearer, person, token_of
from tests.alerts.world import BUSY
from tests.backlog.posting import BATCH, INGEST, TEN, roll_up, row
from tests.calls import at_once, statements
from tests.conftest import client_of
from tests.heard import Heard
from tests.rest.contract import ContractClient, contract_client, document

KEY = "2f6c7f0e-8f6d-4d0f-9a54-9c6a1f3f1f10"
SILENCES = "/api/alerts/silences"


def call(client: Any, path: str, body: Any, key: str | None = KEY) -> Any:
    headers = {} if key is None else {"Idempotency-Key": key}
    return client.post(path, body, format="json", headers=headers)


def silence(**fields: Any) -> dict[str, Any]:
    return {"ends_at": (timezone.now() + timedelta(hours=1)).isoformat(), "comment": "works", **fields}


def shift(now: Any) -> dict[str, Any]:
    return {
        "shift_id": "s-1",
        "department_id": "dept_456",
        "employee_id": "e-1",
        "start": now.isoformat(),
        "end": (now + timedelta(hours=8)).isoformat(),
        "kind": "work",
    }


CREATING: dict[str, tuple[str, Callable[[], Any], Any]] = {
    "a snapshot": (INGEST, row, Snapshot),
    "a batch": (BATCH, lambda: {"items": [row(minutes=each) for each in (1, 2)]}, Snapshot),
    "shifts": ("/api/intraday/attendance/shifts/batch-ingest", lambda: {"items": [shift(timezone.now())]}, Shift),
    "a figure": ("/api/intraday/kpi/compute", lambda: {"queue_name": "support"}, KPISnapshot),
    "a rule": ("/api/alerts/rules", lambda: {**BUSY, "name": "busy"}, Rule),
    "a silence": (SILENCES, silence, Silence),
    "a wall board": ("/api/walls", lambda: {"name": "Lobby"}, WallBoard),
    "a notification": ("/api/ws/notifications", lambda: {"title": "Outage"}, Segment),
    "a custom event": ("/api/ws/events", lambda: {"event": "orders:late", "payload": {"count": 3}}, Segment),
}


@pytest.fixture
def admin(organization: Organization) -> Any:
    return bearer(token_of(person("ada", organization, Role.ADMIN), organization))


@pytest.fixture
def feed(organization: Organization) -> ContractClient:
    return contract_client(organization, "ingest", "read", "publish")


def caller_for(path: str, feed: Any, admin: Any) -> Any:
    return admin if "alerts" in path or "walls" in path or "compute" in path else feed


@pytest.mark.parametrize("what", CREATING)
def test_what_was_created_is_answered_again_and_not_created_again(what: str, feed: Any, admin: Any):
    path, body, model = CREATING[what]
    client, sent = caller_for(path, feed, admin), body()
    first = call(client, path, sent)
    assert first.status_code == 201, first.json()
    stored = model.objects.count()
    assert stored > 0
    again = call(client, path, sent)
    assert (again.status_code, again.content) == (201, first.content)
    assert (first.get("Idempotency-Replayed"), again["Idempotency-Replayed"]) == (None, "true")
    assert model.objects.count() == stored


def test_nothing_is_published_again(feed: Any, heard: Heard):
    with heard() as first:
        call(feed, INGEST, row())
        roll_up()
    with heard() as second:
        call(feed, INGEST, row())
        roll_up()
    assert (len(first), len(second)) == (3, 0)


def test_every_operation_that_creates_takes_a_key():
    """A new endpoint that answers 201 must be idempotent, too."""
    operations = {path: item["post"] for path, item in document()["paths"].items() if "post" in item}
    creating = {path for path, operation in operations.items() if "201" in operation["responses"]}
    taking = {
        path
        for path, operation in operations.items()
        if any(each["name"] == "Idempotency-Key" for each in operation.get("parameters", []))
    }
    assert creating == taking
    assert len(creating) > 10


@pytest.mark.parametrize(
    ("path", "body"),
    [(INGEST, row(total=11)), (BATCH, {"items": [row()]}), (f"{INGEST}?dry_run=true", row())],
    ids=["body", "address", "option"],
)
def test_a_key_that_came_with_another_request_is_refused(feed: Any, path: str, body: Any):
    assert call(feed, INGEST, row()).status_code == 201
    answer = call(feed, path, body)
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert Snapshot.objects.get(derived=False).total_items == 10


def test_the_order_of_fields_makes_no_other_request(feed: Any):
    assert call(feed, INGEST, row()).status_code == 201
    again = call(feed, INGEST, dict(reversed(row().items())))
    assert again["Idempotency-Replayed"] == "true"


def test_each_credential_has_keys_of_its_own(organization: Organization, stranger: Organization):
    for client in (client_of(organization), client_of(organization), client_of(stranger)):
        answer = call(client, INGEST, row())
        assert (answer.status_code, answer.get("Idempotency-Replayed")) == (201, None)


def test_a_refusal_is_not_kept_and_the_corrected_request_may_keep_its_key(feed: Any):
    wrong = row() | {"total_items": -1}
    assert [call(feed, INGEST, wrong).status_code for _ in range(2)] == [400, 400]
    assert call(feed, BATCH, {"items": [wrong]}).status_code == 400
    assert StoredAnswer.objects.count() == 0
    assert call(feed, INGEST, row()).status_code == 201


def test_a_revoked_key_gets_no_answer_again(organization: Organization, feed: Any):
    assert call(feed, INGEST, row()).status_code == 201
    ApiKey.objects.update(revoked_at=timezone.now())
    assert call(feed, INGEST, row()).status_code == 401


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "é"])
def test_a_key_that_is_none_is_refused(feed: Any, key: str):
    answer = call(feed, INGEST, row(), key=key)
    assert (answer.status_code, answer.json()["errors"].keys()) == (400, {"Idempotency-Key"})
    assert Snapshot.objects.count() == 0


def test_without_a_key_no_statement_is_added(feed: Any):
    call(feed, INGEST, row(), key=None)
    assert not [sql for sql in statements(lambda: call(feed, INGEST, row(minutes=1), key=None)) if "idempotency" in sql]


def test_the_stored_answer_is_not_readable_in_the_database(admin: Any):
    secret = call(admin, "/api/walls", {"name": "Lobby"}).json()["path"]
    kept = StoredAnswer.objects.get()
    assert secret not in kept.sealed_body
    assert secret.encode() in stored_answers.body_of(kept)


# --- faults and time -------------------------------------------------------------------------------------------------
def test_a_request_that_is_still_worked_on_is_answered_with_409_until_it_counts_as_abandoned(feed: Any):
    assert call(feed, INGEST, row()).status_code == 201
    StoredAnswer.objects.update(status=None, sealed_body="", claimed_at=timezone.now())
    answer = call(feed, INGEST, row())
    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_key_in_use")
    assert int(answer["Retry-After"]) == 1
    StoredAnswer.objects.update(claimed_at=timezone.now() - stored_answers.ABANDONED_AFTER)
    again = call(feed, INGEST, row())
    assert (again.status_code, again.json()["result"]) == (201, "duplicate")
    assert call(feed, INGEST, row())["Idempotency-Replayed"] == "true"


def test_a_request_that_failed_half_way_left_nothing_and_may_be_repeated(
    admin: Any, monkeypatch: pytest.MonkeyPatch, organization: Organization
):
    sent = silence()
    with monkeypatch.context() as broken:
        broken.setattr(stored_answers, "_sealed", lambda body: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            call(admin, SILENCES, sent)
    assert (Silence.objects.count(), StoredAnswer.objects.count()) == (0, 0)
    assert call(admin, SILENCES, sent).status_code == 201


def test_answers_are_forgotten_after_their_time(feed: Any, settings: Any):
    settings.KEEP_ANSWERS = timedelta(hours=24)
    assert call(feed, INGEST, row()).status_code == 201
    now = timezone.now()
    assert stored_answers.purge(now=now + timedelta(hours=23)) == 0
    assert stored_answers.purge(now=now + timedelta(hours=25)) == 1
    assert StoredAnswer.objects.count() == 0


@pytest.mark.django_db(transaction=True, databases=["default", "snapshot"])
@pytest.mark.parametrize("path", [SILENCES, INGEST])
def test_of_many_at_once_one_is_worked_on(path: str, organization: Organization):
    admin = token_of(person("ada", organization, Role.ADMIN), organization)
    feed = client_of(organization)
    model, body = (Silence, silence()) if path == SILENCES else (Snapshot, row())
    clients = [bearer(admin) if path == SILENCES else feed for _ in range(8)]
    for _ in range(3):
        before, key = model.objects.count(), str(uuid4())
        body = body if path == SILENCES else row(minutes=before)
        answers = at_once(*[lambda each=each, body=body, key=key: call(each, path, body, key) for each in clients])
        created = [each for each in answers if each.status_code == 201 and "Idempotency-Replayed" not in each]
        others = [each for each in answers if each not in created]
        assert len(created) == 1
        assert all(each.status_code == 409 or each.content == created[0].content for each in others)
        if path == SILENCES:
            assert Silence.objects.count() == before + 1
        else:
            assert Snapshot.objects.filter(derived=False, time=TEN + timedelta(minutes=before)).count() == 1
        assert call(clients[0], path, body, key).content == created[0].content
