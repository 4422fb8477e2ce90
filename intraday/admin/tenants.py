"""Admin pages that show each member the rows of their own organizations, and no others.

A page says by `grant` which right of a role opens it and by `organization_path` the way from its rows to their
organization. Superusers see every organization. Django's own permissions and `is_staff` open nothing: they know no
organizations. A membership that is limited to departments opens nothing either: rules, keys and settings are the whole
organization's.
"""

from collections.abc import Iterable
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.admin.filters import AllValuesFieldListFilter, RelatedFieldListFilter
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest

from intraday.admin.checked_input import KeySelect
from intraday.admin.recorded import Recorded
from intraday.org import access
from intraday.org.access import Grant
from intraday.org.models import Department, Organization

_REMEMBERED = "_organizations_by_grant"
_ONLY = "_only_organization_by_grant"
ORGANIZATION = "organization"


def organization_ids(request: HttpRequest, grant: str) -> frozenset[str]:
    """Return the ids of the organizations whose rows the caller may manage with this right; asked once a request."""
    if not hasattr(request, _REMEMBERED):
        user = request.user
        setattr(request, _REMEMBERED, access.organizations_by_grant(user) if user.is_authenticated else {})
    found: dict[str, frozenset[str]] = getattr(request, _REMEMBERED)
    return found.get(grant, frozenset())


class TenantAdmin(admin.options.BaseModelAdmin):
    """Base class of the pages of models that belong to organizations. Pages that nobody writes add ReadOnly."""

    grant: ClassVar[str] = Grant.MANAGE
    organization_path: ClassVar[str] = "organization"

    # --- rights ------------------------------------------------------------------------------------------------------
    def may(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Tell whether the caller may manage this row or, without one, rows of some organization."""
        if request.user.is_superuser:
            return True
        ids = organization_ids(request, self.grant)
        return bool(ids) if obj is None else self._organization_id(obj) in ids

    def _organization_id(self, obj: models.Model) -> str:
        *parents, last = self.organization_path.split("__")
        for name in parents:
            obj = getattr(obj, name)
        return str(obj.pk if last == "pk" else getattr(obj, f"{last}_id"))

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.may(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may(request, obj)

    def has_add_permission(self, request: HttpRequest, *_: Any) -> bool:
        return self.may(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may(request, obj)

    # --- rows and choices --------------------------------------------------------------------------------------------
    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return self.within(request, super().get_queryset(request), self.grant)

    def within(self, request: HttpRequest, rows: QuerySet[Any], grant: str) -> QuerySet[Any]:
        """Return those rows of this page's model that belong to the caller's organizations."""
        if request.user.is_superuser:
            return rows
        return rows.filter(**{f"{self.organization_path}__in": organization_ids(request, grant)})

    def organizations(self, request: HttpRequest) -> QuerySet[Organization]:
        """Return the organizations for which the caller may make rows."""
        every = Organization.objects.order_by("pk")
        return every if request.user.is_superuser else every.filter(pk__in=organization_ids(request, self.grant))

    def only_organization(self, request: HttpRequest) -> Organization | None:
        """Return the caller's only organization, which pages then need not name; None if there are several."""
        remembered: dict[str, Organization | None] = request.__dict__.setdefault(_ONLY, {})
        if self.grant not in remembered:
            found = list(self.organizations(request)[:2])
            remembered[self.grant] = found[0] if len(found) == 1 else None
        return remembered[self.grant]

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Fill in the only organization; among several it is chosen, without links that would lead away."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is None or db_field.remote_field is None or db_field.remote_field.model is not Organization:
            return field
        only = self.only_organization(request)
        if only is not None and field.required:
            field.widget, field.initial = forms.HiddenInput(), only.pk
        else:
            for name in ("can_add_related", "can_change_related", "can_view_related"):
                setattr(field.widget, name, False)
        return field

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if "queryset" not in kwargs:
            kwargs["queryset"] = self._choosable(db_field.remote_field.model, request)
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs["widget"] = KeySelect(db_field, self.admin_site)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def _choosable(self, model: type[models.Model], request: HttpRequest) -> QuerySet[Any]:
        rows, page = model._default_manager.all(), self.admin_site._registry.get(model)
        if request.user.is_superuser:
            return rows
        return page.within(request, rows, self.grant) if isinstance(page, TenantAdmin) else rows.none()


class TenantModelAdmin(TenantAdmin, Recorded):
    """A page of its own: lists, filters and forms."""

    def organization_of(self, obj: Any) -> str:
        return self._organization_id(obj)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Give the form the organizations that its choices may come from; Django makes the class anew each time."""
        form = super().get_form(request, obj, change, **kwargs)
        form.organizations = self.organizations(request)  # type: ignore[attr-defined]
        return form

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """Leave out the organization of a row where there is no other."""
        fieldsets = super().get_fieldsets(request, obj)
        if ORGANIZATION not in self.get_readonly_fields(request, obj) or self.only_organization(request) is None:
            return list(fieldsets)
        return [
            (name, {**options, "fields": [field for field in options["fields"] if field != ORGANIZATION]})
            for name, options in fieldsets
            if list(options["fields"]) != [ORGANIZATION]
        ]

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        first, *others = super().get_list_display(request)
        if self.only_organization(request) is not None:
            others = [name for name in others if name != ORGANIZATION]
        return [first, *others]

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        return [_limited(str(path)) for path in self.list_filter]


def _limited(path: str) -> Any:
    """Give the filter a class that offers nothing of other organizations."""
    if path.endswith("department_id"):
        return path, DepartmentFilter
    return (path, OwnRowsFilter) if path.rpartition("__")[2] in ("organization", "department") else path


class OwnRowsFilter(RelatedFieldListFilter):
    """Offers rows of a related model, such as organizations, that belong to the caller."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> Any:
        rows = model_admin._choosable(field.remote_field.model, request)
        ordering = self.field_admin_ordering(field, request, model_admin)
        return field.get_choices(include_blank=False, ordering=ordering, limit_choices_to={"pk__in": rows.values("pk")})


class DepartmentFilter(AllValuesFieldListFilter):
    """Offers the ids of the departments of the caller's organizations; the rows themselves may be millions."""

    def __init__(self, field: Any, request: HttpRequest, params: Any, model: Any, page: Any, field_path: str) -> None:
        super().__init__(field, request, params, model, page, field_path)
        codes: Iterable[str] = Department.objects.filter(organization__in=page.organizations(request)).values_list(
            "code", flat=True
        )
        self.lookup_choices = ["", *sorted(set(codes))]  # type: ignore[assignment]
