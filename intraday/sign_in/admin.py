from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialApp, SocialToken
from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import F, QuerySet
from django.http import HttpRequest

from intraday.admin.read_only import ReadOnly
from intraday.admin.recorded import Recorded
from intraday.admin.tenants import TenantModelAdmin
from intraday.encryption import at_rest
from intraday.org.models import Membership
from intraday.sign_in import groups, identity_providers, members
from intraday.sign_in.models import GroupGrant, IdentityProvider

for unused in (EmailAddress, SocialApp, SocialToken, Authenticator):  # registered by allauth
    admin.site.unregister(unused)


class IdentityProviderForm(forms.ModelForm):
    secret = forms.CharField(
        label="Client secret",
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text="Kept encrypted, and never shown. Empty: stays as it is.",
    )

    class Meta:
        model = IdentityProvider
        fields = ["id", "name", "organization", "issuer", "client_id", "groups_claim", "is_offered"]

    def clean_secret(self) -> str:
        secret = str(self.cleaned_data["secret"])
        if not secret and self.instance._state.adding:
            raise ValidationError("The provider gives you one with the client ID.")
        return secret


@admin.register(IdentityProvider)
class IdentityProviderAdmin(Recorded):
    """The page of identity providers, for superusers alone: a provider says who people are."""

    audit_kind = "identity_provider"
    form = IdentityProviderForm
    fields = ["id", "name", "organization", "issuer", "client_id", "secret", "groups_claim", "is_offered"]
    list_display = ["name", "id", "organization", "issuer", "is_offered"]
    search_fields = ["id", "name", "issuer"]

    def get_readonly_fields(self, request: HttpRequest, obj: IdentityProvider | None = None) -> list[str]:
        return ["id", "organization", "issuer"] if obj else []  # the subjects of another issuer are other people

    def save_model(self, request: HttpRequest, obj: IdentityProvider, form: forms.ModelForm, change: bool) -> None:
        if secret := form.cleaned_data["secret"]:
            obj.sealed_secret = at_rest.encrypt(secret)
        super().save_model(request, obj, form, change)

    def organization_of(self, obj: IdentityProvider) -> str:
        return obj.organization_id or ""

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Let memberships that it granted be no obstacle: they are withdrawn first."""
        deleted, counts, missing, _ = super().get_deleted_objects(objs, request)
        return deleted, counts, missing, []

    def delete_model(self, request: HttpRequest, obj: IdentityProvider) -> None:
        identity_providers.remove(obj)


@admin.register(GroupGrant)
class GroupGrantAdmin(TenantModelAdmin):
    """Administrators grant groups of their organization's own provider; superusers those of shared ones, too."""

    audit_kind = "group_grant"
    fields = ["provider", "group", "organization", "role", "department_ids"]
    list_display = ["group", "provider", "organization", "role", "department_ids"]
    list_filter = ["organization"]
    search_fields = ["group"]

    def may(self, request: HttpRequest, obj: Any = None) -> bool:
        if not super().may(request, obj):
            return False
        return obj is None or request.user.is_superuser or obj.provider.organization_id == obj.organization_id

    def within(self, request: HttpRequest, rows: QuerySet[Any], grant: str) -> QuerySet[Any]:
        found = super().within(request, rows, grant)
        return found if request.user.is_superuser else found.filter(provider__organization=F("organization"))

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "provider" and not request.user.is_superuser:
            kwargs["queryset"] = IdentityProvider.objects.filter(organization__in=self.organizations(request))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_readonly_fields(self, request: HttpRequest, obj: GroupGrant | None = None) -> list[str]:
        return ["provider", "organization"] if obj else []

    def save_model(self, request: HttpRequest, obj: GroupGrant, form: forms.ModelForm, change: bool) -> None:
        super().save_model(request, obj, form, change)
        groups.reapply(obj.provider, obj.organization)

    def delete_model(self, request: HttpRequest, obj: GroupGrant) -> None:
        provider, organization = obj.provider, obj.organization
        super().delete_model(request, obj)
        groups.reapply(provider, organization)


@admin.register(Membership)
class MemberAdmin(ReadOnly, TenantModelAdmin):
    """The members, to be looked at; they are added and changed on the page of their organization."""

    list_display = ["user", "organization", "role", "department_ids", "granted_by"]
    list_filter = ["organization", "role"]
    list_select_related = ["user", "organization", "granted"]
    search_fields = ["user__username"]
    fields = ["user", "organization", "role", "department_ids", "granted_by"]
    readonly_fields = ["granted_by"]
    actions = ["end_sessions", "remove_second_factor"]

    def has_delete_permission(self, request: HttpRequest, obj: Membership | None = None) -> bool:
        """Let superusers delete accounts, whose memberships go with them."""
        return bool(request.user.is_superuser)

    @admin.display(description="granted by")
    def granted_by(self, obj: Membership) -> str:
        granted = getattr(obj, "granted", None)
        return "hand" if granted is None else f"groups of {granted.provider_id}"

    @admin.action(description="End all sessions of the selected members")
    def end_sessions(self, request: HttpRequest, queryset: QuerySet[Membership]) -> None:
        for user in self._allowed(request, queryset):
            ended = members.end_sessions(user)
            messages.success(request, f"Sessions of {user.get_username()} ended: {ended}.")

    @admin.action(description="Remove the second factor of the selected members")
    def remove_second_factor(self, request: HttpRequest, queryset: QuerySet[Membership]) -> None:
        for user in self._allowed(request, queryset):
            said = "Removed the second factor of" if members.remove_second_factor(user) else "No second factor had"
            messages.success(request, f"{said} {user.get_username()}.")

    def _allowed(self, request: HttpRequest, queryset: QuerySet[Membership]) -> list[Any]:
        """Return the people of the chosen rows, without those who are others' members, too; say who is left out."""
        every = request.user.is_superuser
        managed: set[str] = set() if every else set(self.organizations(request).values_list("pk", flat=True))
        allowed = {}
        for row in queryset.select_related("user"):
            why = "" if every else members.why_not(row.user, managed)
            if why:
                messages.error(request, why)
            else:
                allowed[row.user_id] = row.user
        return list(allowed.values())
