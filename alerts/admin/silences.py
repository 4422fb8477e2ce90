"""Silences: made, changed and ended; each ends by itself."""

from collections.abc import Collection
from datetime import UTC
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest

from alerts import rule_services
from alerts.admin.fields import HoursField, offer_places
from alerts.admin.rules import actor
from alerts.choices import Severity, Source
from alerts.models import Rule, Silence
from intraday.admin.tenants import TenantModelAdmin
from intraday.clock.database import clock
from intraday.org.access import Grant
from intraday.org.models import Organization

ANY = [("", "any")]


class SilenceForm(forms.ModelForm):
    organizations: Collection[Organization] = ()  # set by the admin: those that choices may come from

    rule = forms.ModelChoiceField(Rule.objects.none(), required=False, empty_label="any")
    source = forms.ChoiceField(choices=[*ANY, *Source.choices()], required=False)
    severity = forms.ChoiceField(choices=[*ANY, *Severity.choices()], required=False)
    department_id = forms.ChoiceField(required=False, label="Department")
    queue_name = forms.ChoiceField(required=False, label="Queue")
    weekly = HoursField(
        required=False,
        label="Only in these hours",
        help_text="One window a line, every week in local time: mon-fri 12:00-13:00. Empty: always.",
    )

    class Meta:
        model = Silence
        fields = ["organization", "starts_at", "ends_at", "comment"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.stored = None if self.instance._state.adding else self.instance
        organizations = [self.stored.organization] if self.stored else self.organizations
        offer_places(self, organizations)
        rules = Rule.objects.filter(organization__in=organizations, deleted_at=None)
        self.fields["rule"].queryset = rules  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        organization = self.stored.organization if self.stored else cleaned.get("organization")
        if organization is not None and not self.errors:
            self._check(organization, cleaned)
        return cleaned

    def _check(self, organization: Organization, cleaned: dict[str, Any]) -> None:
        rule = cleaned.get("rule")
        self.organization = organization
        self.said = {name: cleaned[name] for name in rule_services.SILENCE_FIELDS if name in cleaned}
        self.said |= {name: cleaned[name].astimezone(UTC) for name in ("starts_at", "ends_at")}
        self.said["rule_id"] = rule.pk if rule else None
        silence = Silence(organization=organization, starts_at=clock.now())
        try:
            rule_services.check_silence(silence, self.said, clock.now())
        except ValidationError as error:
            for name, said in error.message_dict.items():
                self.add_error("rule" if name == "rule_id" else name, said)

    def _post_clean(self) -> None:
        """Leave the record as it is: the service writes it."""


@admin.register(Silence)
class SilenceAdmin(TenantModelAdmin):
    grant = Grant.SILENCE
    form = SilenceForm
    fields = [
        "organization",
        "comment",
        ("starts_at", "ends_at"),
        "weekly",
        "rule",
        ("source", "severity"),
        ("department_id", "queue_name"),
    ]
    list_display = ["comment", "organization", "matches", "starts_at", "ends_at", "created_by"]
    list_filter = ["organization"]
    list_select_related = ["organization", "rule"]
    search_fields = ["comment"]
    actions = ["end"]

    @admin.display(description="silenced")
    def matches(self, silence: Silence) -> str:
        asked = (silence.rule, silence.source, silence.severity, silence.department_id, silence.queue_name)
        return ", ".join(str(each) for each in asked if each) or "everything"

    def get_readonly_fields(self, request: HttpRequest, obj: Silence | None = None) -> list[str]:
        return ["organization"] if obj else []

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"starts_at": clock.now(), **super().get_changeform_initial_data(request)}

    def has_delete_permission(self, request: HttpRequest, obj: Silence | None = None) -> bool:
        return False  # it is ended, and stays to be seen

    def save_model(self, request: HttpRequest, obj: Silence, form: Any, change: bool) -> None:
        now = clock.now()
        if change:
            rule_services.edit_silence(silence=obj, fields=form.said, now=now)
        else:
            made = rule_services.create_silence(
                organization=form.organization, fields=form.said, actor=actor(request), now=now
            )
            obj.pk, obj.comment, obj.ends_at = made.pk, made.comment, made.ends_at

    @admin.action(description="End the selected silences now", permissions=["change"])
    def end(self, request: HttpRequest, queryset: QuerySet[Silence]) -> None:
        now = clock.now()
        for silence in queryset:
            rule_services.end_silence(silence=silence, now=now)
        messages.success(request, f"{len(queryset)} silences ended.")
