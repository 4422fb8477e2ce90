"""Data of an account that belongs to no organization: the account, its sessions, its sign-ins, its admin log."""

from collections import Counter
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import Q, QuerySet

from intraday.audit.retention import forget_account
from intraday.org.credentials import sessions
from intraday.org.models import Membership
from intraday.retention.personal_data.subject import Subject

SIGN_INS = (AccessAttempt, AccessFailureLog, AccessLog)
OWNED = (Authenticator, EmailAddress, SocialAccount)
"""Rows of hers by which she signs in; tokens and confirmations go with them."""


def names_of(user: User) -> frozenset[str]:
    return frozenset(name for name in (user.username, user.email, user.get_full_name()) if name)


def why_kept(user: User, organization_id: str) -> str:
    """Return why erasing her from this organization leaves her account; empty if it does not."""
    others = Membership.objects.filter(user=user).exclude(organization=organization_id)
    if others.exists():
        return f"a member of {', '.join(others.values_list('organization', flat=True))}, too"
    return "an administrator of the site" if user.is_staff or user.is_superuser else ""


@transaction.atomic
def leave(user: User, organization_id: str) -> Counter[str]:
    """End her membership; her sockets close within seconds."""
    return Counter({"org.Membership": _memberships(user, organization_id).delete()[0]})


def is_member(user: User, organization_id: str) -> bool:
    return _memberships(user, organization_id).exists()


def _memberships(user: User, organization_id: str) -> QuerySet[Membership]:
    return Membership.objects.filter(user=user, organization=organization_id)


def count(user: User, organization_id: str) -> Counter[str]:
    """Return what `leave` and `erase` would change and delete."""
    found = Counter({"org.Membership": _memberships(user, organization_id).count()})
    if not why_kept(user, organization_id):
        found += Counter({model._meta.label: _sign_ins(user, model).count() for model in SIGN_INS})
        found += Counter({model._meta.label: _owned(user, model).count() for model in OWNED})
        found += Counter({"sessions.Session": sum(1 for _ in sessions.of(user)), "auth.User": 1})
    return found


@transaction.atomic
def erase(user: User, subject: Subject) -> Counter[str]:
    """Empty the account and close it. Its row stays: the admin's log counts what it did."""
    found = Counter({"sessions.Session": sessions.end(user)})
    found += Counter({model._meta.label: _sign_ins(user, model).delete()[0] for model in SIGN_INS})
    found += Counter({model._meta.label: _owned(user, model).delete()[0] for model in OWNED})
    found["admin.LogEntry"] = _rewrite_log(user, subject)
    forget_account(user.username, subject.pseudonym)
    user.groups.clear()
    user.user_permissions.clear()
    user.username, user.first_name, user.last_name, user.email = subject.pseudonym, "", "", ""
    user.is_active, user.last_login = False, None
    user.set_unusable_password()
    user.save()
    return found + Counter({"auth.User": 1})


def _sign_ins(user: User, model: Any) -> QuerySet[Any]:
    rows: QuerySet[Any] = model.objects.filter(username__in=names_of(user))
    return rows


def _owned(user: User, model: Any) -> QuerySet[Any]:
    rows: QuerySet[Any] = model.objects.filter(user=user)
    return rows


def _rewrite_log(user: User, subject: Subject) -> int:
    changed = 0
    for entry in log_entries(user):
        said = subject.mentioned(entry.object_repr)[:200], subject.mentioned(entry.change_message)
        if said != (entry.object_repr, entry.change_message):
            entry.object_repr, entry.change_message = said
            entry.save(update_fields=["object_repr", "change_message"])
            changed += 1
    return changed


def log_entries(user: User) -> QuerySet[LogEntry]:
    """Select the entries by her, about her account, and those that mention her."""
    about = Q(content_type=ContentType.objects.get_for_model(User), object_id=str(user.pk))
    for name in names_of(user):
        about |= Q(object_repr__icontains=name) | Q(change_message__icontains=name)
    return LogEntry.objects.filter(Q(user=user) | about)


def export(user: User, organization_id: str) -> dict[str, Any]:
    """Return the account as it is kept, without secrets."""
    return {
        "username": user.username,
        "email": user.email,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "date_joined": user.date_joined,
        "last_login": user.last_login,
        "active": user.is_active,
        "memberships": list(_memberships(user, organization_id).values("role", "department_ids")),
        "sessions": [{"ends_at": session.expire_date} for session in sessions.of(user)],
        "second_factors": list(_owned(user, Authenticator).values("type", "created_at", "last_used_at")),
        "identity_providers": list(_owned(user, SocialAccount).values("provider", "uid", "date_joined", "last_login")),
        "email_addresses": list(_owned(user, EmailAddress).values("email", "verified")),
        "failed_sign_ins": [
            row
            for model in SIGN_INS
            for row in _sign_ins(user, model).values("attempt_time", "username", "ip_address", "user_agent")
        ],
        "admin_log": list(
            log_entries(user).values("action_time", "action_flag", "object_repr", "change_message", "user__username")
        ),
    }
