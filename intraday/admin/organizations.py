from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest

from intraday.admin.inlines import BoundedFormSet
from intraday.admin.tenants import TenantAdmin, TenantModelAdmin
from intraday.admin.time_zones import TimeZoneInput
from intraday.clock.database import clock
from intraday.org import access, limits, services
from intraday.org.access import Grant
from intraday.org.credentials import walls
from intraday.org.models import Department, Membership, Organization, Queue, WallBoard
from intraday.org.passwords import new_password_path
from intraday.values.names import normalized


class MembershipForm(forms.ModelForm):
    """A member by the name to sign in with, typed: a list to choose from would show the people of other organizations.

    The limit to departments is boxes to tick, of the organization on whose page it stands.
    """

    username = forms.CharField(max_length=150, label="User name", validators=[UnicodeUsernameValidator()])
    email = forms.EmailField(required=False, label="E-mail", help_text="The address of a new person.")
    department_ids = forms.MultipleChoiceField(
        label="Only these departments",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="None ticked: the whole organization.",
    )

    class Meta:
        model = Membership
        fields = ["role", "department_ids"]

    def __init__(self, *args: Any, organization: Organization, caller: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.caller = caller
        known = organization.departments.values_list("code", flat=True) if organization.pk else []
        gone = self.instance.department_ids  # stays as it is: unticking the last would widen the access
        self.fields["department_ids"].choices = [(code, code) for code in dict.fromkeys([*known, *gone])]  # type: ignore[attr-defined]
        if self.instance.pk:
            user = self.instance.user
            for name, value in (("username", user.get_username()), ("email", user.email)):
                self.fields[name].disabled, self.fields[name].initial = True, value

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        name = cleaned["username"] = User.normalize_username(cleaned.get("username") or "")
        if name and not self.instance.pk:
            known = User.objects.filter(username=name).first()
            if known is not None and _is_of_others(known, self.caller):
                self.add_error("username", "The name is taken: choose another, or ask the operator to add this person.")
            elif known is not None and cleaned.get("email"):
                self.add_error("email", f"{name} is known already: leave this empty. People change their own address.")
        return cleaned


def _is_of_others(person: User, caller: User) -> bool:
    """Tell whether only superusers may add this person to an organization of the caller.

    As a member there, too, the person would be shown with her address, and her sign-ins with theirs; and her own
    administrators could no longer end her sessions.
    """
    if caller.is_superuser:
        return False
    organizations = set(access.organizations_of(person))
    managed = access.organizations_by_grant(caller).get(Grant.MANAGE, frozenset())
    return person.is_superuser or (bool(organizations) and organizations.isdisjoint(managed))


class MembershipFormSet(BoundedFormSet):
    caller: User  # set by the page
    """The person who adds members."""

    def get_form_kwargs(self, index: int | None) -> dict[str, Any]:
        return {**super().get_form_kwargs(index), "organization": self.instance, "caller": self.caller}

    def clean(self) -> None:
        super().clean()
        kept = [form for form in self.forms if form.cleaned_data.get("username") and form not in self.deleted_forms]
        names = [form.cleaned_data["username"] for form in kept]
        known = Membership.objects.filter(organization=self.instance.pk, user__username__in=names)
        known = known.exclude(pk__in=[form.instance.pk for form in self.forms if form.instance.pk])
        twice = {name for name in names if names.count(name) > 1} | set(known.values_list("user__username", flat=True))
        if twice:
            raise ValidationError(f"Already a member: {', '.join(sorted(twice))}.")


class MembershipInline(TenantAdmin, admin.TabularInline):
    model = Membership
    form = MembershipForm
    formset = MembershipFormSet
    fields = ["username", "email", "role", "department_ids"]
    verbose_name, verbose_name_plural = "member", "members"
    extra = 0

    def may(self, request: HttpRequest, obj: Any = None) -> bool:
        return True  # to all who may open the page of the organization

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        formset = super().get_formset(request, obj, **kwargs)
        formset.caller = request.user  # type: ignore[attr-defined]
        return formset


LIMITS = [f"limit_{name}" for name in limits.NAMES]


@admin.register(Organization)
class OrganizationAdmin(TenantModelAdmin):
    organization_path = "pk"
    fieldsets = [
        (None, {"fields": ["id", "name", "time_zone", "feeds_may_create"]}),
        (
            "Limits",
            {
                "fields": [*LIMITS],
                "classes": ["collapse"],
                "description": "Set by the operator. Empty: the default of this installation.",
            },
        ),
    ]
    list_display = ["id", "name", "time_zone", "feeds_may_create", "created_at"]
    search_fields = ["id", "name"]
    ordering = ["id"]
    inlines = [MembershipInline]

    def has_add_permission(self, request: HttpRequest, *_: Any) -> bool:
        return bool(request.user.is_superuser)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # `manage.py organization delete` ends access first and deletes millions of rows in batches

    def get_readonly_fields(self, request: HttpRequest, obj: Organization | None = None) -> list[str]:
        fixed = ["id"] if obj else []  # rooms, keys and facts are named after it
        return fixed if request.user.is_superuser else [*fixed, *LIMITS]

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "time_zone":
            kwargs["widget"] = TimeZoneInput
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and db_field.name in LIMITS:
            field.widget.attrs["placeholder"] = settings.LIMITS[db_field.name.removeprefix("limit_")]
        return field

    def save_model(self, request: HttpRequest, obj: Organization, form: forms.ModelForm, change: bool) -> None:
        super().save_model(request, obj, form, change)
        services.create_organization(id=obj.id, name=obj.name, time_zone=obj.time_zone)
        if set(form.changed_data) & set(LIMITS):
            services.access_changed([obj.pk])  # open sockets take the new limits

    def save_formset(self, request: HttpRequest, form: forms.ModelForm, formset: Any, change: bool) -> None:
        """Save the members; say for each person who is new how to choose a password."""
        for member in formset.extra_forms:
            if member.has_changed() and member not in formset.deleted_forms:
                said = member.cleaned_data
                member.instance.user, is_new = services.find_or_add_person(said["username"], said["email"])
                if is_new:
                    link = request.build_absolute_uri(new_password_path(member.instance.user))
                    messages.warning(
                        request, f"The new member {said['username']} chooses a password here, within 3 days: {link}"
                    )
        formset.save()


class DepartmentForm(forms.ModelForm):
    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.instance._state.adding and {"organization", "code"} <= cleaned.keys():
            _check_room(cleaned["organization"], cleaned["code"], "")
        return cleaned


class QueueForm(forms.ModelForm):
    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.instance._state.adding and {"department", "name"} <= cleaned.keys():
            department = cleaned["department"]
            _check_room(department.organization, department.code, normalized(cleaned["name"]))
        return cleaned


def _check_room(organization: Organization, department: str, queue: str) -> None:
    if not limits.room_for(organization, [(department, queue)]):
        raise ValidationError(limits.refuse_new(organization, (department, queue)))


@admin.register(Department)
class DepartmentAdmin(TenantModelAdmin):
    form = DepartmentForm
    list_display = ["code", "name", "organization"]
    list_filter = ["organization"]
    search_fields = ["code", "name"]

    def get_readonly_fields(self, request: HttpRequest, obj: Department | None = None) -> list[str]:
        return ["organization", "code"] if obj else []

    def save_model(self, request: HttpRequest, obj: Department, form: forms.ModelForm, change: bool) -> None:
        super().save_model(request, obj, form, change)
        services.add_queues(obj.organization, [(obj.code, "")])


@admin.register(Queue)
class QueueAdmin(TenantModelAdmin):
    form = QueueForm
    organization_path = "department__organization"
    list_display = ["name", "department"]
    list_filter = ["department__organization", "department"]
    search_fields = ["name"]

    def get_readonly_fields(self, request: HttpRequest, obj: Queue | None = None) -> list[str]:
        return ["department", "name"] if obj else []

    def save_model(self, request: HttpRequest, obj: Queue, form: forms.ModelForm, change: bool) -> None:
        super().save_model(request, obj, form, change)
        services.add_queues(obj.department.organization, [(obj.department.code, obj.name)])


@admin.register(WallBoard)
class WallBoardAdmin(TenantModelAdmin):
    audit_kind = "wall"
    grant = Grant.WALLS
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
