"""The tenant whose pages and endpoints are fuzzed: a row of everything, figures of the last hours, and its callers."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.contrib.auth.models import User
from django.db import models
from django.test import Client

from alerts.models import Alert, Rule, Silence
from intraday.org import saved_views
from intraday.org.models import Membership, Organization, Role
from tests.access.admin_rows import make_all
from tests.access.people import person, session_of, token_of
from tests.conftest import client_of, key_of

MARK = "eigen"
YEAR = 365 * 24 * 3600
CSRF = "x" * 32  # what a page would have been given


@dataclass(frozen=True)
class Caller:
    authorization: str = ""
    session: str = ""

    @property
    def headers(self) -> dict[str, str]:
        if self.authorization:
            return {"HTTP_AUTHORIZATION": self.authorization}
        if self.session:
            return {"HTTP_COOKIE": f"sessionid={self.session}; csrftoken={CSRF}", "HTTP_X_CSRFTOKEN": CSRF}
        return {}


@dataclass(frozen=True)
class World:
    rows: dict[type[models.Model], models.Model]
    callers: dict[str, Caller]
    known: dict[str, list[str]]
    now: datetime

    def browser(self) -> Client:
        client = Client()
        client.cookies["sessionid"] = self.callers["boss"].session
        return client


def build() -> World:
    now = datetime.now(UTC).replace(microsecond=0)
    rows = make_all(MARK)
    organization = rows[Organization]
    assert isinstance(organization, Organization)
    ada = person("ada", organization, Role.ADMIN)
    rows[User] = person("victor", organization, Role.VIEWER)
    _post_figures(organization, now)
    callers = {
        "token": Caller(f"Bearer {token_of(ada, organization, YEAR)}"),
        "key": Caller(f"Api-Key {key_of(organization)}"),
        "session": Caller(session=session_of(ada)),
        "boss": Caller(session=session_of(User.objects.create_superuser("boss"))),
        "nobody": Caller(),
    }
    return World(rows, callers, _known(rows, organization), now)


def _known(rows: dict[type[models.Model], models.Model], organization: Organization) -> dict[str, list[str]]:
    return {
        "organization_id": [organization.pk],
        "department_id": [f"dept_{MARK}"],
        "queue_name": [f"queue {MARK}", "support"],
        "rule_id": [str(rows[Rule].pk)],
        "alert_id": [str(rows[Alert].pk)],
        "view_id": [_saved_view(organization)],
        "silence_id": [str(rows[Silence].pk)],
        "employee_id": [f"id {MARK}", "E-1", "E-2"],
        "metric": ["sla_risk", "items_over_sla", "service_level", "total_items", "oldest_wait_minutes"],
        "channel": ["kpi", "backlog", "attendance", "alerts", "system"],
        "channels": ["kpi", "backlog,kpi", "alerts"],
        "time_zone": ["UTC", "Europe/Berlin", ""],
        "to": ["supervisor", f"channel {MARK}", "ada"],
        "days": ["mon", "sun"],
    }


def _saved_view(organization: Organization) -> str:
    membership = Membership.objects.get(user__username="ada", organization=organization)
    return str(saved_views.save(membership, name="mornings", query="state=critical")[0].pk)


def _post_figures(organization: Organization, now: datetime) -> None:
    """Post some hours of what feeds send, so that reads and previews have something to work on."""
    api = client_of(organization)
    place = {"organization_id": organization.pk, "department_id": f"dept_{MARK}", "queue_name": f"queue {MARK}"}
    quarter = now.replace(minute=now.minute // 15 * 15, second=0)
    for ago in range(8, 0, -1):
        begin = quarter - timedelta(minutes=15 * ago)
        counts = {"offered": 40, "answered": 36, "answered_in_target": 30, "abandoned": 3}
        worked = {"handle_seconds": 9_000, "available_seconds": 2_000, "agents": 12}
        interval = {"interval_start": begin.isoformat(), "interval_minutes": 15, **counts, **worked}
        api.post("/api/intraday/kpi/ingest", {**place, **interval}, format="json")
        backlog = {"snapshot_time": begin.isoformat(), "total_items": 40 + ago, "average_wait_time_minutes": 3.5}
        api.post("/api/schedulesbacklog/ingest", {**place, **backlog, "items_over_sla": 4}, format="json")
    row = {"employee_id": "E-1", "status": "present", "time": now.isoformat(), **place}
    api.post("/api/intraday/attendance/ingest", row, format="json")
    api.post("/api/intraday/kpi/compute", place, format="json")
