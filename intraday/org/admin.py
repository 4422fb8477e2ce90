from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from intraday.clock.database import clock
from intraday.org import services, walls
from intraday.org.models import ApiKey, Department, KeyScope, Membership, Organization, Queue, WallBoard


class MembershipForm(forms.ModelForm):
    """The limit to departments as boxes to tick, of the organization on whose page it stands."""

    department_ids = forms.MultipleChoiceField(
        label="Only these departments",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="None ticked: the whole organization.",
    )

    class Meta:
        model = Membership
        fields = ["user", "role", "department_ids"]

    def __init__(self, *args: Any, organization: Organization, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = organization.departments.values_list("code", flat=True) if organization.pk else []
        gone = self.instance.department_ids  # stays as it is: unticking the last would widen the access
        self.fields["department_ids"].choices = [(code, code) for code in dict.fromkeys([*known, *gone])]  # type: ignore[attr-defined]


class MembershipFormSet(forms.BaseInlineFormSet):
    def get_form_kwargs(self, index: int | None) -> dict[str, Any]:
        return {**super().get_form_kwargs(index), "organization": self.instance}


class MembershipInline(admin.TabularInline):
    model = Membership
    form = MembershipForm
    formset = MembershipFormSet
    extra = 0
    autocomplete_fields = ["user"]


@admin.register(Organization)
class OrganizationAdmin(admin.ModelAdmin):
    list_display = ["id", "name", "time_zone", "feeds_may_create", "created_at"]
    search_fields = ["id", "name"]
    inlines = [MembershipInline]

    def get_readonly_fields(self, request: HttpRequest, obj: Organization | None = None) -> list[str]:
        return ["id"] if obj else []  # rooms, keys and facts are named after it

    def save_model(self, request: HttpRequest, obj: Organization, form: forms.ModelForm, change: bool) -> None:
        super().save_model(request, obj, form, change)
        services.create_organization(id=obj.id, name=obj.name, time_zone=obj.time_zone)


@admin.register(Department)
class DepartmentAdmin(admin.ModelAdmin):
    list_display = ["code", "name", "organization"]
    list_filter = ["organization"]
    search_fields = ["code", "name"]

    def get_readonly_fields(self, request: HttpRequest, obj: Department | None = None) -> list[str]:
        return ["organization", "code"] if obj else []

    def save_model(self, request: HttpRequest, obj: Department, form: forms.ModelForm, change: bool) -> None:
        super().save_model(request, obj, form, change)
        services.add_queues(obj.organization, [(obj.code, "")])


@admin.register(Queue)
class QueueAdmin(admin.ModelAdmin):
    list_display = ["name", "department"]
    list_filter = ["department__organization", "department"]
    search_fields = ["name"]

    def get_readonly_fields(self, request: HttpRequest, obj: Queue | None = None) -> list[str]:
        return ["department", "name"] if obj else []

    def save_model(self, request: HttpRequest, obj: Queue, form: forms.ModelForm, change: bool) -> None:
        super().save_model(request, obj, form, change)
        services.add_queues(obj.department.organization, [(obj.department.code, obj.name)])


class ApiKeyForm(forms.ModelForm):
    scopes = forms.MultipleChoiceField(choices=KeyScope.choices, widget=forms.CheckboxSelectMultiple)

    class Meta:
        model = ApiKey
        fields = ["organization", "name", "scopes"]


@admin.register(ApiKey)
class ApiKeyAdmin(admin.ModelAdmin):
    form = ApiKeyForm
    list_display = ["name", "prefix", "organization", "scopes", "created_at", "revoked_at"]
    list_filter = ["organization"]
    actions = ["revoke"]

    def has_change_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        return obj is None and super().has_change_permission(request, obj)  # keys are made and revoked, not edited

    def save_model(self, request: HttpRequest, obj: ApiKey, form: forms.ModelForm, change: bool) -> None:
        key, secret = services.create_api_key(
            organization=obj.organization, name=obj.name, scopes=form.cleaned_data["scopes"]
        )
        obj.pk = key.pk
        messages.warning(request, f"The key of {key.name}, shown only now: {secret}")

    @admin.action(description="Revoke the selected keys")
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        changed = services.revoke_keys(queryset, now=clock.now())
        messages.success(request, f"{changed} keys revoked.")


@admin.register(WallBoard)
class WallBoardAdmin(admin.ModelAdmin):
    fields = ["organization", "department_id", "name"]
    list_display = ["name", "organization", "department_id", "created_by", "created_at", "revoked_at"]
    list_filter = ["organization"]
    actions = ["revoke"]

    def has_change_permission(self, request: HttpRequest, obj: WallBoard | None = None) -> bool:
        return obj is None and super().has_change_permission(request, obj)  # links are made and revoked, not edited

    def save_model(self, request: HttpRequest, obj: WallBoard, form: forms.ModelForm, change: bool) -> None:
        board, secret = walls.create(
            organization=obj.organization,
            department_id=obj.department_id,
            name=obj.name,
            created_by=request.user.get_username(),
        )
        obj.pk = board.pk
        link = request.build_absolute_uri(f"/wall/{secret}")
        messages.warning(request, f"The link of {board.name}, shown only now: {link}")

    @admin.action(description="Revoke the selected links")
    def revoke(self, request: HttpRequest, queryset: QuerySet[WallBoard]) -> None:
        changed = walls.revoke(queryset, now=clock.now())
        messages.success(request, f"{changed} links revoked.")
