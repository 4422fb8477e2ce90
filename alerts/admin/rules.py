"""Rules: making, previewing, testing and enabling them, and their history."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from alerts import rule_services, selectors
from alerts.admin.forms import RuleForm, StepForm
from alerts.admin.previews import previewed
from alerts.evaluation.changes import Actor
from alerts.models import EscalationStep, Rule
from alerts.notifications.services import try_rule
from intraday.admin.inlines import BoundedFormSet
from intraday.admin.tenants import TenantModelAdmin
from intraday.audit import origin
from intraday.clock.database import clock
from intraday.org.access import Grant
from intraday.rest.limits.quotas import LimitReached, compute_slot


def actor(request: HttpRequest) -> Actor:
    return Actor(request.user.get_username()[:150], origin.request_id())


class StepInline(admin.TabularInline):
    """A step of escalation."""

    model = EscalationStep
    form = StepForm
    formset = BoundedFormSet
    extra = 1
    ordering = ["after_seconds"]
    verbose_name = "step"
    verbose_name_plural = "While nobody attends to it"

    def _as_the_rule(self, request: HttpRequest, obj: Any = None) -> bool:
        """A caller who may open the page of the rule may edit its steps."""
        return True

    has_add_permission = has_change_permission = has_delete_permission = has_view_permission = _as_the_rule


@admin.register(Rule)
class RuleAdmin(TenantModelAdmin):
    grant = Grant.RULES
    form = RuleForm
    inlines = [StepInline]
    change_form_template = "alerts/admin/rule.html"
    list_display = ["name", "organization", "severity", "means", "enabled", "version", "changed_at"]
    list_filter = ["organization", "enabled", "severity", "source"]
    search_fields = ["name", "metric"]
    actions = ["enable", "disable"]
    readonly_fields = ["means"]
    fieldsets = [
        (None, {"fields": ["organization", "name", "means", "enabled", "seen_version"]}),
        ("When", {"fields": ["metric", ("operator", "threshold", "for_seconds"), "severity"]}),
        ("Where", {"fields": ["evaluate_each", ("department_id", "queue_name")]}),
        ("Over", {"fields": [("clear_threshold", "recover_for_seconds"), "cooldown_seconds", "auto_resolve"]}),
        ("Only at certain hours", {"fields": [("active_hours", "time_zone")]}),
        (
            "People",
            {"fields": ["ack_timeout_seconds", "repeat_seconds", "runbook", "alert_type"]},
        ),
        ("Without data", {"fields": [("no_data_mode", "no_data_for_seconds")]}),
    ]

    # --- pages -------------------------------------------------------------------------------------------------------
    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("preview", view(self.preview_view), name="alerts_rule_preview"),
            path("<uuid:rule_id>/test", view(self.test_view), name="alerts_rule_test"),
            *super().get_urls(),
        ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Rule]:
        return super().get_queryset(request).filter(deleted_at=None).prefetch_related("escalation")

    def get_readonly_fields(self, request: HttpRequest, obj: Rule | None = None) -> list[str]:
        return ["means", "organization"] if obj else ["means"]

    def get_formset_kwargs(
        self, request: HttpRequest, obj: Rule, inline: admin.options.InlineModelAdmin, prefix: str
    ) -> dict[str, Any]:
        organizations = [obj.organization] if obj.organization_id else self.organizations(request)
        kwargs = super().get_formset_kwargs(request, obj, inline, prefix)
        return {**kwargs, "form_kwargs": {"organizations": organizations}}

    @admin.display(description="in words")
    def means(self, rule: Rule) -> str:
        return "Preview says it." if rule._state.adding else selectors.in_words(rule)

    def preview_view(self, request: HttpRequest) -> HttpResponse:
        """Preview the unsaved draft on the last day, beside the rule as it is. Writes nothing."""
        if request.method != "POST" or not self.may(request):
            raise PermissionDenied
        rule = self._stored(request, request.GET.get("rule"))
        form = self.get_form(request, rule, change=rule is not None)(request.POST, instance=rule)
        context = {"title": "Preview", "form": form, "rule": rule, "answer": None}
        if form.is_valid() and hasattr(form, "said"):
            try:
                with compute_slot(form.organization):
                    context |= previewed(form, rule)
            except ValidationError as error:
                form.add_error(None, error.messages)
            except LimitReached as refusal:
                form.add_error(None, str(refusal.detail))
        return self._page(request, "preview", context)

    def test_view(self, request: HttpRequest, rule_id: Any) -> HttpResponse:
        """Send a test to everybody whom the rule, as it is saved, may notify."""
        if request.method != "POST" or not self.may(request):
            raise PermissionDenied
        rule = self._stored(request, rule_id)
        assert rule is not None
        tried = try_rule(rule, now=clock.now())
        return self._page(request, "test", {"title": f"Test of {rule}", "rule": rule, "tried": tried})

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        rule = self._stored(request, object_id)
        assert rule is not None
        if not self.has_view_or_change_permission(request, rule):
            raise PermissionDenied
        context = {"title": f"History of {rule}", "rule": rule, "history": selectors.history(rule)}
        return self._page(request, "history", context)

    def _page(self, request: HttpRequest, name: str, context: dict[str, Any]) -> HttpResponse:
        whole = {**self.admin_site.each_context(request), "opts": self.opts, **context}
        return TemplateResponse(request, f"alerts/admin/rule_{name}.html", whole)

    def _stored(self, request: HttpRequest, rule_id: Any) -> Rule | None:
        """Return the rule, or None if none is named."""
        if not rule_id:
            return None
        rule: Rule | None = self.get_object(request, str(rule_id))
        if rule is None:
            raise Http404
        return rule

    # --- saving ------------------------------------------------------------------------------------------------------
    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except rule_services.VersionError as error:
            messages.error(request, f"Not saved. {error}")
            return HttpResponseRedirect(request.path)

    def save_model(self, request: HttpRequest, obj: Rule, form: forms.ModelForm, change: bool) -> None:
        saved = self._save(form, actor(request))
        obj.pk, obj.name = saved.pk, saved.name

    def _save(self, form: Any, by: Actor) -> Rule:
        now = clock.now()
        if form.stored is None:
            return rule_services.create_rule(organization=form.organization, fields=form.said, actor=by, now=now)
        return rule_services.edit_rule(
            organization=form.organization,
            rule_id=form.stored.pk,
            fields=form.said,
            actor=by,
            now=now,
            expected_version=form.cleaned_data["seen_version"],
        )

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """The steps were saved with their rule."""

    def construct_change_message(self, request: HttpRequest, form: Any, formsets: Any, add: bool = False) -> Any:
        return [{"added": {}}] if add else []  # the rule's own history lists the changes

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """A rule leaves the list, and its open alerts are resolved; they and its history stay."""
        return [str(rule) for rule in objs], {self.opts.verbose_name_plural: len(objs)}, set(), []

    def delete_model(self, request: HttpRequest, obj: Rule) -> None:
        rule_services.delete_rule(organization=obj.organization, rule_id=obj.pk, actor=actor(request), now=clock.now())

    @admin.action(description="Enable the selected rules", permissions=["change"])
    def enable(self, request: HttpRequest, queryset: QuerySet[Rule]) -> None:
        self._set_enabled(request, queryset, True)

    @admin.action(description="Disable the selected rules", permissions=["change"])
    def disable(self, request: HttpRequest, queryset: QuerySet[Rule]) -> None:
        self._set_enabled(request, queryset, False)

    def _set_enabled(self, request: HttpRequest, queryset: QuerySet[Rule], enabled: bool) -> None:
        for rule in queryset:
            rule_services.edit_rule(
                organization=rule.organization,
                rule_id=rule.pk,
                fields={"enabled": enabled},
                actor=actor(request),
                now=clock.now(),
            )
        messages.success(request, f"{len(queryset)} rules {'enabled' if enabled else 'disabled'}.")
