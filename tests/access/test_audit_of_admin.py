"""Every deed on the pages of the admin: it leaves an entry in the audit log, or stands here with a reason.

The deeds come from the admin site (adding, changing, deleting, each action, each view of a page's own); one that is in
neither list fails. Forms are posted as the browser would, with what the page filled in.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import TOTP
from allauth.socialaccount.models import SocialAccount
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.db import models, transaction
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from alerts.models import Rule
from alerts.notifications.models import Channel, Route
from attendance.models import AttendanceSettings
from intraday.audit.models import AuditEntry
from intraday.org.models import Organization, Role, Scope
from intraday.org.services import add_queues
from intraday.sign_in.models import IdentityProvider
from kpi.models import Holiday, OrganizationSettings, QueueSettings
from tests.access.admin_rows import make_all
from tests.access.forms import fields_of
from tests.access.people import person

MARK = "eigen"
HISTORY = "in the history of the alert, with the person and the note"
FIXED = "nothing on the page can be changed"
SILENT = {
    "alerts.alert acknowledge": HISTORY,
    "alerts.alert resolve": HISTORY,
    "alerts.alert alerts_alert_act": HISTORY,
    "alerts.rule alerts_rule_preview": "stores nothing",
    "org.queue change": FIXED,
}
PASSWORDS = {"password1": "correct horse battery", "password2": "correct horse battery", "usable_password": "true"}
RULE = {"metric": "kpi:utilization.occupancy", "operator": ">", "threshold": "92", "for_seconds": "10 min"}
ADDED: dict[str, dict[str, Any]] = {
    "org.organization": {"id": "another", "name": "another"},
    "org.department": {"code": "another", "name": "another"},
    "org.queue": {"name": "another"},
    "org.apikey": {"name": "another", "scopes": ["read"]},
    "org.wallboard": {"name": "another"},
    "alerts.rule": {"name": "another", **RULE},
    "alerts.silence": {"comment": "another", "ends_at_0": "{tomorrow}", "ends_at_1": "12:00:00"},
    "outgoing.channel": {"name": "another", "kind": "mail", "address": "another@example.com"},
    "outgoing.route": {"to": "admin"},
    "kpi.queuesettings": {},
    "kpi.organizationsettings": {},
    "attendance.attendancesettings": {},
    "kpi.holiday": {"date": "{tomorrow}", "name": "another"},
    "auth.user": {"username": "another", **PASSWORDS},
    "auth.group": {"name": "another"},
    "sign_in.identityprovider": {
        "id": "another",
        "name": "another",
        "issuer": "https://another.example",
        "client_id": "another",
        "secret": "another",
    },
    "sign_in.groupgrant": {"provider": MARK, "group": "another", "role": "viewer"},
    "socialaccount.socialaccount": {"provider": MARK, "uid": "another", "extra_data": '{"sub": 1}'},
}
CHANGED: dict[str, dict[str, Any]] = {
    "org.organization": {"name": "another"},
    "org.department": {"name": "another"},
    "alerts.rule": {"threshold": "95"},
    "alerts.silence": {"comment": "another"},
    "outgoing.channel": {"name": "another"},
    "outgoing.route": {"minimum_severity": "critical"},
    "kpi.queuesettings": {"target_seconds": "33"},
    "kpi.organizationsettings": {"change_minutes": "7"},
    "attendance.attendancesettings": {"adherence_tolerance_minutes": "7"},
    "kpi.holiday": {"name": "another"},
    "auth.user": {"email": "another@example.com"},
    "auth.group": {"name": "another"},
    "sign_in.identityprovider": {"name": "another"},
    "sign_in.groupgrant": {"group": "another"},
    "socialaccount.socialaccount": {"uid": "another", "extra_data": '{"sub": 1}'},
}
BEFORE: dict[str, Callable[[], Any]] = {
    "alerts.rule enable": lambda: Rule.objects.update(enabled=False),
    "outgoing.channel renew_secret": lambda: Channel.objects.update(kind="webhook"),
    "org.membership remove_second_factor": lambda: TOTP.activate(User.objects.get(username=f"clerk.{MARK}"), "A" * 32),
    "kpi.queuesettings add": lambda: QueueSettings.objects.all().delete(),
    "kpi.organizationsettings add": lambda: OrganizationSettings.objects.all().delete(),
    "attendance.attendancesettings add": lambda: AttendanceSettings.objects.all().delete(),
    "kpi.holiday add": lambda: Holiday.objects.all().delete(),
    "outgoing.route add": lambda: Route.objects.all().delete(),
}
STANDARD = {"changelist", "add", "history", "delete", "change"}


@pytest.fixture
def rows(db: None) -> dict[type[models.Model], models.Model]:
    """A row of each page, and a signed-in superuser's name for it."""
    made = make_all(MARK)
    organization = made[Organization]
    assert isinstance(organization, Organization)
    user = person("member", organization, Role.VIEWER)
    provider = IdentityProvider.objects.get()
    tie = SocialAccount.objects.create(user=user, provider=provider.pk, uid="1")
    group = Group.objects.create(name="group")
    return made | {User: user, Group: group, IdentityProvider: provider, SocialAccount: tie}


@pytest.fixture
def root(db: None) -> Client:
    User.objects.create_superuser("root")
    return Client(REMOTE_ADDR="192.0.2.7")


def deeds() -> set[str]:
    """Return everything that a superuser can do on the pages of the admin."""
    request = RequestFactory().get("/admin/")
    request.user = User(is_superuser=True, is_staff=True, is_active=True)
    return {f"{model._meta.label_lower} {deed}" for model, page in _pages() for deed in _deeds_of(page, model, request)}


def _pages() -> Iterator[tuple[type[models.Model], Any]]:
    return iter(admin.site._registry.items())


def _deeds_of(page: Any, model: type[models.Model], request: Any) -> Iterator[str]:
    row = model()
    allowed = {"add": page.has_add_permission(request)}
    allowed |= {"change": page.has_change_permission(request, row), "delete": page.has_delete_permission(request, row)}
    yield from (deed for deed, may in allowed.items() if may)
    yield from page.get_actions(request)
    standard = {f"{model._meta.app_label}_{model._meta.model_name}_{name}" for name in STANDARD}
    yield from (each.name for each in page.get_urls() if each.name and each.name not in standard)


def test_no_reason_is_given_for_what_is_not_there():
    assert SILENT.keys() <= deeds()


@pytest.mark.parametrize("label", sorted({deed.split()[0] for deed in deeds() - SILENT.keys()}))
def test_each_deed_on_a_page_leaves_an_entry(root: Client, rows: dict[type[models.Model], models.Model], label: str):
    [row] = [row for model, row in rows.items() if model._meta.label_lower == label]
    for deed in sorted(deed for deed in deeds() - SILENT.keys() if deed.startswith(f"{label} ")):
        before = transaction.savepoint()
        root.force_login(User.objects.get(username="root"))  # changing a password renews the session
        BEFORE.get(deed, lambda: None)()
        last = AuditEntry.objects.latest("id").pk
        answer = do(root, label, deed.split()[1], row)
        assert answer.status_code == 200, (deed, answer.headers)
        errors = answer.context and answer.context.get("errors")
        assert not errors, (deed, errors)
        made_by = {(entry.actor, entry.address) for entry in AuditEntry.objects.filter(pk__gt=last)}
        assert made_by == {("root", "192.0.2.7")}, deed
        transaction.savepoint_rollback(before)


def url(label: str, page: str, *args: object) -> str:
    return reverse(f"admin:{label.replace('.', '_')}_{page}", args=args)


def do(client: Client, label: str, what: str, row: models.Model) -> Any:
    if what == "add":
        return filled_in(client, url(label, "add"), scoped(client, label, ADDED[label]))
    if what == "change":
        return filled_in(client, url(label, "change", row.pk), CHANGED[label])
    if what == "delete":
        return client.post(url(label, "delete", row.pk), {"post": "yes"}, follow=True)
    if "_" in what and what.startswith(label.replace(".", "_")):
        return client.post(reverse(f"admin:{what}", args=[row.pk]), PASSWORDS, follow=True)
    form = {"action": what, "_selected_action": [row.pk], "post": "yes"}
    return client.post(url(label, "changelist"), form, follow=True)


def filled_in(client: Client, path: str, typed: dict[str, Any]) -> Any:
    form = fields_of(client.get(path).content.decode())
    return client.post(path, {**form, **typed}, follow=True)


def scoped(client: Client, label: str, typed: dict[str, Any]) -> dict[str, Any]:
    """Add the organization, department or scope that a new row is for, which a superuser has to choose."""
    add_queues(Organization.objects.get(), [(f"dept_{MARK}", "another queue")])
    tomorrow = (timezone.now() + timedelta(days=1)).date().isoformat()
    chosen: dict[str, Any] = {"organization": f"org_{MARK}"}
    if label.startswith("kpi"):
        chosen["scope"] = Scope.objects.filter(queue_name="another queue").values_list("pk", flat=True)[0]
    if label.startswith("socialaccount"):
        chosen["user"] = User.objects.get(username="member").pk
    if label == "org.queue":
        chosen["department"] = Organization.objects.get().departments.get().pk
    return chosen | {name: tomorrow if value == "{tomorrow}" else value for name, value in typed.items()}
