"""Make, change and preview rules; make, change and end silences.

Each change of a rule leaves a line of history: its author, old and new values.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction

from alerts.choices import Resolution
from alerts.evaluation import reevaluation
from alerts.evaluation.changes import Actor, Changes
from alerts.evaluation.figure_providers import PROVIDERS, FigureProviders
from alerts.evaluation.open_alerts import lock_open
from alerts.evaluation.preview import TooManyFiguresError, preview
from alerts.evaluation.run import lock_round
from alerts.models import EscalationStep, Rule, RuleChange, RuleState, Silence
from alerts.rules import validation, weekly_windows
from alerts.rules.validation import Fields
from alerts.selectors import rule_fields
from intraday.audit import services as audit
from intraday.org.models import Organization, Scope
from intraday.rest.errors import NotFound

PLACE = ("department_id", "queue_name")
LONGEST_SILENCE = timedelta(days=7)
LONGEST_WEEKLY = timedelta(days=366)  # mute windows come again every week; even they end by themselves


class VersionError(Exception):
    """The rule was changed by somebody else meanwhile. `rule` is as it is now."""

    def __init__(self, rule: Rule) -> None:
        super().__init__(f"The rule has changed since: it is now version {rule.version}.")
        self.rule = rule


@transaction.atomic
def create_rule(*, organization: Organization, fields: Fields, actor: Actor, now: datetime) -> Rule:
    """Raises ValidationError, by field."""
    lock_round(organization.pk)
    said = _checked(organization, fields)
    check_name(organization, said["name"])
    rule = Rule(organization=organization, created_at=now, changed_at=now, **_columns(said))
    rule.save()
    _set_steps(rule, said["escalation"])
    _remember(rule, "created", {name: [None, value] for name, value in said.items()}, actor, now)
    return rule


@transaction.atomic
def edit_rule(
    *,
    organization: Organization,
    rule_id: UUID,
    fields: Fields,
    actor: Actor,
    now: datetime,
    expected_version: int | None = None,
) -> Rule:
    """Change these fields. Raises NotFound, ValidationError or VersionError.

    A rule whose condition changes is evaluated anew: its open alerts follow it, and the next figure decides about
    them. They are resolved if the rule is disabled or no longer covers their scope.
    """
    lock_round(organization.pk)
    rule = rule_of(organization, rule_id)
    if expected_version not in (None, rule.version):
        raise VersionError(rule)
    before = rule_fields(rule)
    after = _checked(organization, {**before, **fields})
    check_name(organization, after["name"], rule)
    edits = {name: [before[name], after[name]] for name in validation.FIELDS if before[name] != after[name]}
    if edits:
        _change(rule, after, edits, actor, now)
    return rule


@transaction.atomic
def delete_rule(*, organization: Organization, rule_id: UUID, actor: Actor, now: datetime) -> None:
    """Delete a rule and resolve its open alerts; they and its history stay. Raises NotFound."""
    lock_round(organization.pk)
    rule = rule_of(organization, rule_id)
    rule.deleted_at = rule.changed_at = now
    rule.enabled, rule.version = False, rule.version + 1
    rule.save()
    RuleState.objects.filter(rule=rule).delete()
    _remember(rule, "deleted", {}, actor, now)
    changes = Changes(now)
    _resolve_open(rule, changes, "rule deleted")
    changes.write()


def draft_rule(organization: Organization, fields: Fields, rule: Rule | None = None) -> Rule:
    """Return an unsaved rule of these fields, on top of those of `rule`. Raises ValidationError, by field."""
    before = {"name": "draft"} if rule is None else rule_fields(rule)
    return Rule(organization=organization, **_columns(_checked(organization, {**before, **fields})))


def rule_of(organization: Organization, rule_id: UUID) -> Rule:
    """Raises NotFound."""
    rule = Rule.objects.filter(organization=organization, pk=rule_id, deleted_at=None).first()
    if rule is None:
        raise NotFound
    return rule


def _columns(fields: Fields) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name != "escalation"}


def _checked(organization: Organization, said: Fields) -> dict[str, Any]:
    """Return all fields of a valid rule. Raises ValidationError, by field."""
    fields = validation.with_defaults(said)
    fields["escalation"] = [{"raise_severity": "", **step} for step in fields["escalation"]]
    errors: dict[str, Any] = {name: ["Unknown field."] for name in fields.keys() - set(validation.FIELDS)}
    errors |= {name: ["Needed."] for name in validation.REQUIRED if fields.get(name) is None}
    errors = errors or validation.errors(fields) or _unknown_place(organization, fields)
    if errors:
        raise ValidationError(errors)
    return fields


def check_name(organization: Organization, name: str, rule: Rule | None = None) -> None:
    """Raises ValidationError where another rule has the name."""
    taken = Rule.objects.filter(organization=organization, name=name, deleted_at=None).first()
    if taken is not None and taken != rule:
        raise ValidationError({"name": ["Another rule has this name."]})


def _unknown_place(organization: Organization, fields: Fields) -> dict[str, Any]:
    scopes = Scope.objects.filter(organization=organization)
    named = {name: fields[name] for name in PLACE if fields[name]}
    if not named or scopes.filter(**named).exists():
        return {}
    return {list(named)[-1]: ["Unknown."]}


def _change(rule: Rule, after: Fields, edits: Mapping[str, Any], actor: Actor, now: datetime) -> None:
    for name, value in _columns(after).items():
        setattr(rule, name, value)
    rule.version, rule.changed_at = rule.version + 1, now
    rule.save()
    if "escalation" in edits:
        rule.escalation.all().delete()
        _set_steps(rule, after["escalation"])
    _remember(rule, "changed", edits, actor, now)
    changes = Changes(now)
    if not rule.enabled:
        RuleState.objects.filter(rule=rule).delete()
        _resolve_open(rule, changes, "rule disabled")
    else:
        reevaluation.follow(rule, edits, changes, by=actor.name)
    changes.write()


def _resolve_open(rule: Rule, changes: Changes, reason: str) -> None:
    for alert in lock_open(rule.organization_id):
        if alert.rule_id == rule.pk:
            changes.resolve(alert, Resolution.RULE_DISABLED, reason=reason)


def _set_steps(rule: Rule, steps: Iterable[Mapping[str, Any]]) -> None:
    EscalationStep.objects.bulk_create([EscalationStep(rule=rule, **step) for step in steps])


def _remember(rule: Rule, action: str, edits: Mapping[str, Any], actor: Actor, now: datetime) -> None:
    RuleChange.objects.create(
        rule=rule, version=rule.version, action=action, at=now, actor=actor.name, changes=dict(edits)
    )
    before, after = ({name: pair[index] for name, pair in edits.items()} for index in (0, 1))
    audit.record(
        f"rule.{action}",
        organization_id=rule.organization_id,
        target=rule.name,
        before=before if action == "changed" else None,
        after=after or None,
        actor=actor.name,
    )


def preview_rule(
    *,
    organization: Organization,
    since: datetime,
    until: datetime,
    rule_id: UUID | None = None,
    draft: Fields | None = None,
    providers: FigureProviders = PROVIDERS,
    with_curves: bool = False,
) -> dict[str, Any]:
    """Run the stored rule and a draft over the past; with both, the draft is an edit of the rule.

    Raises NotFound, ValidationError.
    """
    stored = None if rule_id is None else rule_of(organization, rule_id)
    drafted = None if draft is None else draft_rule(organization, draft, stored)
    try:
        return preview(
            organization=organization,
            since=since,
            until=until,
            current=stored,
            draft=drafted,
            providers=providers,
            with_curves=with_curves,
        )
    except TooManyFiguresError as error:
        raise ValidationError({"since": [str(error)]}) from error


# --- silences --------------------------------------------------------------------------------------------------------
SILENCE_FIELDS = (
    "rule_id",
    "source",
    "severity",
    "department_id",
    "queue_name",
    "starts_at",
    "ends_at",
    "weekly",
    "comment",
)


@transaction.atomic
def create_silence(*, organization: Organization, fields: Fields, actor: Actor, now: datetime) -> Silence:
    """Raises ValidationError, by field."""
    silence = Silence(organization=organization, created_by=actor.name, created_at=now)
    check_silence(silence, {"starts_at": now, **fields}, now)
    silence.save()
    _record_silence("created", silence, after=audit.fields_of(silence))
    return silence


@transaction.atomic
def edit_silence(*, silence: Silence, fields: Fields, now: datetime) -> Silence:
    """Raises ValidationError, by field."""
    before = audit.fields_of(silence)
    check_silence(silence, fields, now)
    silence.save()
    _record_silence("changed", silence, before=before, after=audit.fields_of(silence))
    return silence


@transaction.atomic
def end_silence(*, silence: Silence, now: datetime) -> None:
    """End a silence now; people are notified within seconds of alerts that it suppressed."""
    if Silence.objects.filter(pk=silence.pk, ends_at__gt=now).update(ends_at=now):
        _record_silence("ended", silence, before={"ends_at": silence.ends_at}, after={"ends_at": now})


def _record_silence(action: str, silence: Silence, *, before: Fields | None = None, after: Fields) -> None:
    organization = silence.organization_id
    audit.record(f"silence.{action}", organization_id=organization, target=silence.comment, before=before, after=after)


def check_silence(silence: Silence, fields: Fields, now: datetime) -> None:
    """Put the fields into the silence. Raises ValidationError, by field."""
    for name in SILENCE_FIELDS:
        if name in fields:
            setattr(silence, name, fields[name])
    errors = _unknown_place(silence.organization, {name: getattr(silence, name) for name in PLACE})
    errors |= {name: [said] for name, said in _silence_errors(silence, fields, now).items()}
    if errors:
        raise ValidationError(errors)


def _silence_errors(silence: Silence, fields: Fields, now: datetime) -> dict[str, str]:
    found: dict[str, str] = {}
    try:
        longest = LONGEST_WEEKLY if weekly_windows.parse(silence.weekly) else LONGEST_SILENCE
    except ValueError as error:
        return {"weekly": str(error)}
    if fields.get("ends_at", silence.ends_at) is None:
        found["ends_at"] = "The end is missing: a silence must have one."
    elif silence.ends_at <= max(silence.starts_at, now):
        found["ends_at"] = "The end must be after the start, and in the future."
    elif silence.ends_at - silence.starts_at > longest:
        found["ends_at"] = f"At most {longest.days} days after it has begun."
    if not silence.comment.strip():
        found["comment"] = "The reason is missing: write it for the others."
    if silence.rule_id is not None and not _is_rule(silence.organization, silence.rule_id):
        found["rule_id"] = "Unknown."
    return found


def _is_rule(organization: Organization, rule_id: UUID) -> bool:
    return Rule.objects.filter(organization=organization, pk=rule_id, deleted_at=None).exists()
