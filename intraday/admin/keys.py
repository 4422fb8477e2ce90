"""The pages of API keys: they are made, rotated and revoked, never edited."""

from datetime import UTC, datetime, time
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import AdminDateWidget
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from intraday.admin.checked_input import valid_year
from intraday.admin.overlap import OverlapActionForm, overlap_of
from intraday.admin.tenants import TenantModelAdmin
from intraday.clock.database import clock
from intraday.org import access, services
from intraday.org.credentials import keys
from intraday.org.models import ApiKey, KeyScope, Role


class ApiKeyForm(forms.ModelForm):
    maker: User  # set by the admin: nobody hands on more than her own role

    scopes = forms.MultipleChoiceField(choices=KeyScope.choices, widget=forms.CheckboxSelectMultiple)
    token_role = forms.ChoiceField(
        choices=Role.choices,
        initial=Role.VIEWER,
        required=False,
        label="Highest role of its tokens",
        help_text="Matters to keys with the scope “token”, which make tokens for the customer's own users.",
    )
    expires_on = forms.DateField(
        required=False,
        widget=AdminDateWidget,
        validators=[valid_year],
        help_text="It ends when this day begins. Left empty: it holds until it is revoked.",
    )

    class Meta:
        model = ApiKey
        fields = ["organization", "name", "scopes", "token_role"]

    def clean_token_role(self) -> str:
        return self.cleaned_data["token_role"] or Role.VIEWER

    def clean_expires_on(self) -> datetime | None:
        day = self.cleaned_data["expires_on"]
        ending = None if day is None else timezone.make_aware(datetime.combine(day, time())).astimezone(UTC)
        if ending is not None and ending <= clock.now():
            raise ValidationError("That day has begun: choose a later one.")
        return ending

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        organization, role = cleaned.get("organization"), cleaned.get("token_role")
        if organization is not None and role is not None:
            highest = access.role_in(self.maker, organization)
            if highest is None or role not in highest.and_below:
                self.add_error("token_role", "Choose a role that is not above your own.")
        return cleaned


@admin.register(ApiKey)
class ApiKeyAdmin(TenantModelAdmin):
    audit_kind = "key"
    form = ApiKeyForm
    action_form = OverlapActionForm
    list_display = ["name", "prefix", "organization", "scopes", "state", "expires_at", "last_used_at", "last_used_from"]
    list_filter = ["organization"]
    actions = ["rotate", "revoke"]

    def get_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> list[Any]:
        if obj is None:
            return ["organization", "name", "scopes", "token_role", "expires_on"]
        rights, ends = ["organization", "name", "prefix", "scopes", "token_role"], ["expires_at", "revoked_at"]
        return [*rights, "state", "created_at", *ends, "replaced_by", "last_used_at", "last_used_from"]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        form.maker = request.user
        return form

    @admin.display
    def state(self, key: ApiKey) -> str:
        return keys.state(key, now=clock.now())

    def has_change_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        return obj is None and super().has_change_permission(request, obj)

    def save_model(self, request: HttpRequest, obj: ApiKey, form: forms.ModelForm, change: bool) -> None:
        said = form.cleaned_data
        key, secret = services.create_api_key(
            organization=obj.organization,
            name=obj.name,
            scopes=said["scopes"],
            expires_at=said["expires_on"],
            token_role=said["token_role"],
        )
        obj.pk = key.pk
        messages.warning(request, f"The key of {key.name}, shown only now: {secret}")

    @admin.action(description="Rotate the selected keys", permissions=["change"])
    def rotate(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        """Make a second secret for each; the first ends after the overlap that was chosen beside the action."""
        for key in queryset:
            try:
                successor, secret = keys.rotate(key, now=clock.now(), overlap=overlap_of(request))
            except ValidationError as error:
                messages.error(request, " ".join(error.messages))
            else:
                messages.warning(request, f"The new key of {successor.name}, shown only now: {secret}")

    @admin.action(description="Revoke the selected keys", permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        changed = services.revoke_keys(queryset, now=clock.now())
        messages.success(request, f"{changed} keys revoked.")
