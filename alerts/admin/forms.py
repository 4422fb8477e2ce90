"""The form of a rule. It fills the fields of alerts.rules.validation, and the service checks them."""

from collections.abc import Collection, Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from alerts import rule_services
from alerts.admin.fields import (
    HoursField,
    SpanField,
    ValueField,
    metric_choices,
    offer_places,
    recipient_choices,
)
from alerts.choices import Level, NoDataMode, Operator, Severity
from alerts.models import EscalationStep, Rule
from alerts.rules import validation
from alerts.rules.messages import COMPARED
from alerts.selectors import rule_fields
from intraday.admin.time_zones import TimeZoneInput
from intraday.org.models import Organization

STEPS = "escalation"  # the prefix of the rows
MOST_ROWS = 100


class RuleForm(forms.ModelForm):
    organizations: Collection[Organization] = ()  # set by the admin: those that choices may come from

    metric = forms.ChoiceField(choices=metric_choices)
    operator = forms.ChoiceField(
        choices=[(each.value, f"{COMPARED[each] or 'is'} ({each.value})") for each in Operator]
    )
    threshold = ValueField(help_text="A number in the metric's unit, or one of its words.")
    clear_threshold = ValueField(
        required=False,
        label="Healthy again at",
        help_text="The value on the good side of the threshold at which the alert ends; empty: the threshold itself.",
    )
    for_seconds = SpanField(
        required=False, label="For", help_text="The rule fires when its condition has held for this long."
    )
    severity = forms.ChoiceField(choices=Severity.choices(), initial=Severity.HIGH)
    evaluate_each = forms.ChoiceField(choices=Level.choices(), label="Judge", initial=Level.QUEUE)
    department_id = forms.ChoiceField(required=False, label="Only in department")
    queue_name = forms.ChoiceField(required=False, label="Only queue")
    active_hours = HoursField(
        required=False, help_text="One window a line, in local time: mon-fri 08:00-18:00. Empty: always."
    )
    time_zone = forms.CharField(
        required=False, widget=TimeZoneInput, help_text="The time zone of these hours; empty: the organization's."
    )
    recover_for_seconds = SpanField(
        required=False,
        label="Over after",
        help_text="The alert ends when the figure has been healthy for this long.",
        initial=120,
    )
    cooldown_seconds = SpanField(
        required=False,
        label="Quiet afterwards",
        help_text="The time without a new alert after one ended; empty: 5 min, for critical rules none.",
        initial=None,
    )
    auto_resolve = forms.BooleanField(
        required=False, initial=True, help_text="If not ticked, a person resolves the alert."
    )
    ack_timeout_seconds = SpanField(
        required=False,
        label="Acknowledgement holds",
        help_text="The time after which an acknowledged alert waits for a person again; empty: never.",
    )
    repeat_seconds = SpanField(
        required=False,
        label="Remind every",
        help_text="The time between reminders while nobody attends; empty: no reminders.",
    )
    no_data_mode = forms.ChoiceField(choices=NoDataMode.choices(), label="Without data", initial=NoDataMode.KEEP_LAST)
    no_data_for_seconds = SpanField(required=False, label="Without data means", initial=300)
    alert_type = forms.CharField(
        required=False, help_text="The group of the alert on screens; empty: named after the metric."
    )
    runbook = forms.CharField(
        required=False,
        help_text="Instructions for people: an address, or a section of the runbook such as /runbook#sla-risk.",
    )
    enabled = forms.BooleanField(required=False, initial=True)
    seen_version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    class Meta:
        model = Rule
        fields = ["organization", "name"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.stored = None if self.instance._state.adding else self.instance
        if self.stored is not None:
            self.initial.update(rule_fields(self.stored), metric=f"{self.stored.source}:{self.stored.metric}")
            self.initial["seen_version"] = self.stored.version
        offer_places(self, [self.stored.organization] if self.stored else self.organizations)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.stored is not None and cleaned.get("seen_version") not in (None, self.stored.version):
            self.add_error(
                None,
                f"Another person has changed the rule: it is now version {self.stored.version}. Load the page again.",
            )
        organization = self.stored.organization if self.stored else cleaned.get("organization")
        steps = steps_of(self.data)
        if organization is not None and steps is not None and not self.errors:
            self.organization, self.said = organization, _said(cleaned, steps)
            self._check()
        return cleaned

    def _check(self) -> None:
        """Check with the service that will save the rule."""
        try:
            drafted = rule_services.draft_rule(self.organization, self.said, self.stored)
            rule_services.check_name(self.organization, drafted.name, self.stored)
        except ValidationError as error:
            for name, messages in error.message_dict.items():
                shown = {"source": "metric"}.get(name, name)
                self.add_error(shown if shown in self.fields else None, messages)

    def _post_clean(self) -> None:
        """Leave the record as it is: the service writes it."""


def steps_of(data: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """The rows of escalation as they were posted, in order of time; None if a row is wrong, which it says itself."""
    rows = []
    posted = data.get(f"{STEPS}-TOTAL_FORMS") or "0"
    for number in range(min(int(posted), MOST_ROWS) if posted.isdecimal() and len(posted) < 10 else 0):
        form = StepForm(data, prefix=f"{STEPS}-{number}", empty_permitted=True, use_required_attribute=False)
        if data.get(f"{form.prefix}-DELETE") or not form.has_changed():
            continue
        if not form.is_valid():
            return None
        rows.append({name: form.cleaned_data[name] for name in ("after_seconds", "to", "raise_severity")})
    return sorted(rows, key=lambda row: row["after_seconds"])


def _said(cleaned: Mapping[str, Any], steps: list[dict[str, Any]]) -> dict[str, Any]:
    """The fields of a rule; a span that was left empty is the default, where there is one."""
    fields = {name: cleaned[name] for name in validation.FIELDS if name in cleaned}
    fields["source"], _, fields["metric"] = cleaned["metric"].partition(":")
    for name in ("for_seconds", "recover_for_seconds", "no_data_for_seconds"):
        if fields[name] is None:
            fields[name] = validation.DEFAULTS[name]
    return {**fields, "escalation": steps}


class StepForm(forms.ModelForm):
    after_seconds = SpanField(label="After")
    to = forms.ChoiceField(label="Notify")
    raise_severity = forms.ChoiceField(
        choices=[("", "as it is"), *Severity.choices()], required=False, label="Raise severity to"
    )

    class Meta:
        model = EscalationStep
        fields = ["after_seconds", "to", "raise_severity"]

    def __init__(self, *args: Any, organizations: Collection[Organization] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        present = (str(self.initial.get("to", "")), str(self.data.get(f"{self.prefix}-to", "")))
        self.fields["to"].choices = recipient_choices(organizations, *present)  # type: ignore[attr-defined]

    def _post_clean(self) -> None:
        """Leave the record as it is: the service writes the rule as a whole."""
