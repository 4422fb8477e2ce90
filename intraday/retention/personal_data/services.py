"""Export and erase everything that names one person in an organization."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from secrets import token_hex
from typing import Any

import structlog
from django.contrib.auth.models import User
from django.db.models import Model

from attendance import retention as attendance
from intraday.audit.retention import forget_addresses
from intraday.org.models import Organization
from intraday.retention.personal_data import accounts, events, mentions
from intraday.retention.personal_data.subject import Kind, Subject

log = structlog.get_logger(__name__)

Counts = Counter[str]
"""Rows by table, and events of the log."""
EVENTS = "events of the log"
RECIPIENTS = ("outgoing.Route", "outgoing.Channel", "alerts.EscalationStep")


class UnknownPersonError(Exception):
    """Nobody of this name is known, or two people are."""


@dataclass(frozen=True)
class Found:
    """A person: an employee by her id, or an account, with the row of the user if there is one."""

    subject: Subject
    employee_id: str = ""
    user: User | None = None


@dataclass(frozen=True)
class Erased:
    """The number of rows that were changed or deleted, and remarks on what a person still has to do."""

    pseudonym: str
    counts: Counts
    remarks: list[str] = field(default_factory=list)


def find(organization: Organization, name: str, *, kind: Kind | None = None) -> Found:
    """Find a person by her employee id or user name. Raises UnknownPersonError.

    Former members, and users of the customer's own application, are found by what they did.
    """
    employee, account = _employee(organization, name), _account(organization, name)
    found = [each for each in (employee, account) if each and kind in (None, each.subject.kind)]
    if len(found) > 1:
        raise UnknownPersonError(f"An employee and an account are called '{name}': say --as employee or --as account.")
    if not found:
        raise UnknownPersonError(f"Nobody in '{organization.pk}' is called '{name}', or has left anything there.")
    return found[0]


def _employee(organization: Organization, employee_id: str) -> Found | None:
    names = attendance.person_names(organization.pk, employee_id)
    return Found(_subject(organization, Kind.EMPLOYEE, names), employee_id) if names else None


def _account(organization: Organization, username: str) -> Found | None:
    user = User.objects.filter(username=username).first()
    names = frozenset({username}) if user is None else accounts.names_of(user)
    found = Found(_subject(organization, Kind.ACCOUNT, names), user=user)
    is_member = user is not None and accounts.is_member(user, organization.pk)
    return found if is_member or mentions.has_acted(found.subject) else None


def _subject(organization: Organization, kind: Kind, names: frozenset[str]) -> Subject:
    return Subject(organization.pk, kind, names, f"erased-{token_hex(4)}")


# --- export ----------------------------------------------------------------------------------------------------------
def export(found: Found, *, now: datetime) -> dict[str, Any]:
    """Return everything that names her, without secrets, for JSON."""
    subject = found.subject
    exported: dict[str, Any] = {"organization_id": subject.organization_id, "exported_at": now, "kind": subject.kind}
    if found.employee_id:
        exported["attendance"] = attendance.everything_of(subject.organization_id, found.employee_id)
    if found.user is not None:
        exported["account"] = accounts.export(found.user, subject.organization_id)
    named: dict[str, list[dict[str, Any]]] = {}
    for mention in mentions.find(subject):
        named.setdefault(mention.table, []).append({"id": mention.row.pk, **_times(mention.row), **mention.before})
    return exported | {"named_in": named, "events": list(events.find(subject))}


def _times(row: Model) -> dict[str, Any]:
    """Return the instants of a row, which tell when she was named."""
    fields = (each for each in row._meta.concrete_fields if each.get_internal_type() == "DateTimeField")
    return {each.name: getattr(row, each.name) for each in fields}


# --- erase -----------------------------------------------------------------------------------------------------------
def preview(found: Found) -> Erased:
    """Return what `erase` would change and delete."""
    counts = Counter(mention.table for mention in mentions.find(found.subject))
    counts[EVENTS] = sum(1 for _ in events.find(found.subject))
    if found.employee_id:
        own = attendance.everything_of(found.subject.organization_id, found.employee_id)
        counts += Counter({"attendance.Person": 1, "attendance.Shift": len(own["shifts"])})
        counts["attendance.AgentState"] += sum(bool(state["reason"]) for state in own["agent_states"])
    if found.user is not None:
        counts += accounts.count(found.user, found.subject.organization_id)
    return Erased(found.subject.pseudonym, +counts, _remarks(found, counts))


def erase(found: Found) -> Erased:
    """Replace her names by a pseudonym where rows are counted, and delete the rest.

    An interrupted run is repeated by the same call: what finds her goes last.
    """
    subject = found.subject
    kept = found.user is not None and accounts.why_kept(found.user, subject.organization_id)
    counts = Counter(mentions.erase(subject))
    if found.employee_id:
        counts += Counter(
            attendance.rename_person(
                organization_id=subject.organization_id, employee_id=found.employee_id, pseudonym=subject.pseudonym
            )
        )
        counts += Counter(mentions.erase(subject))  # written between the first search and the new name
    counts[EVENTS] = events.erase(subject)
    remarks = _remarks(found, counts)
    if found.user is not None:
        counts += accounts.leave(found.user, subject.organization_id)
        counts += Counter() if kept else accounts.erase(found.user, subject)
        counts += Counter(mentions.erase(subject))  # the audit log notes that she left
    forget_addresses(subject.organization_id, subject.pseudonym)
    log.info("person_erased", organization=subject.organization_id, pseudonym=subject.pseudonym, rows=counts.total())
    return Erased(subject.pseudonym, +counts, remarks)


def _remarks(found: Found, counts: Counts) -> list[str]:
    remarks = [f"{table} names her as a recipient: choose another one." for table in RECIPIENTS if counts[table]]
    if found.employee_id:
        remarks.append("Take her out of the feeds first: a feed that posts her again makes her known again.")
    if found.user is not None and (why := accounts.why_kept(found.user, found.subject.organization_id)):
        remarks.append(f"Her account stays: she is {why}.")
    return remarks
