"""Channels and routes: where alerts can be sent, and who is told of which."""

from collections.abc import Collection
from typing import Any

import httpx2 as httpx
from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.timezone import localtime

from alerts.admin.fields import offer_places, recipient_choices
from alerts.notifications import channel_services, kinds
from alerts.notifications.models import Channel, Route
from alerts.notifications.services import try_channel
from intraday.admin.overlap import OverlapActionForm, overlap_of
from intraday.admin.tenants import TenantModelAdmin
from intraday.clock.database import clock
from intraday.encryption.at_rest import UnreadableError
from intraday.org.access import Grant
from intraday.org.models import Organization


class ServiceForm(forms.ModelForm):
    """A form that the service checks which will save it."""

    organizations: Collection[Organization] = ()  # set by the admin: those that choices may come from

    def __init__(self, *args: Any, organizations: Collection[Organization] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.organizations = organizations or self.organizations
        if not self.instance._state.adding:
            self.organizations = [self.instance.organization]

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        if not self.errors:
            try:
                self.check_instance()
            except ValidationError as error:
                self._update_errors(error)  # type: ignore[attr-defined]

    def check_instance(self) -> None:
        raise NotImplementedError


class ChannelForm(ServiceForm):
    """The address is as secret as a password: it can be replaced, not read."""

    address = forms.CharField(
        required=False,
        max_length=500,
        help_text="The webhook or the topic (https://…), or the mailbox; PagerDuty needs none as a rule. "
        "It is not shown again; leave it empty to keep it.",
        widget=forms.TextInput(attrs={"class": "vTextField", "autocomplete": "off"}),
    )
    secret = forms.CharField(
        required=False,
        max_length=200,
        help_text="; ".join(f"{kind.label}: {kind.secret}" for kind in kinds.KINDS.values() if kind.secret)
        + ". Other kinds take none. It is not shown again; leave it empty to keep it.",
        widget=forms.TextInput(attrs={"class": "vTextField", "autocomplete": "off"}),
    )

    class Meta:
        model = Channel
        fields = ["organization", "name", "kind", "enabled"]

    def check_instance(self) -> None:
        entered = {name: self.cleaned_data[name] for name in ("address", "secret")}
        channel_services.enter(self.instance, **entered)
        channel_services.check_channel(self.instance)


@admin.register(Channel)
class ChannelAdmin(TenantModelAdmin):
    grant = Grant.NOTIFY
    form = ChannelForm
    action_form = OverlapActionForm
    list_display = ["name", "organization", "kind", "leads_to", "signed_with", "enabled"]
    list_filter = ["organization", "kind"]
    search_fields = ["name"]
    actions = ["send_test", "renew_secret"]

    def get_fields(self, request: HttpRequest, obj: Channel | None = None) -> list[Any]:
        shown = ["leads_to", "signed_with"] if obj else []
        return ["organization", "name", "kind", "address", "secret", *shown, "enabled"]

    @admin.display(description="leads to")
    def leads_to(self, channel: Channel) -> str:
        try:
            address = channel.address
        except UnreadableError as error:
            return f"The address {error}: enter it again."
        return address if channel.kind == kinds.MAIL else f"{httpx.URL(address).host}/…"

    @admin.display(description="secret")
    def signed_with(self, channel: Channel) -> str:
        """Show the ends of secrets: enough to tell two apart, and nothing to sign with."""
        if not channel.has_secret:
            return "-"
        try:
            tails = [f"…{secret.rstrip('=')[-4:]}" for secret in channel.secrets_in_force(clock.now())]
        except UnreadableError as error:
            return f"The secret {error}: renew it."
        until = f" until {date_format(localtime(channel.former_until), 'DATETIME_FORMAT')}" if tails[1:] else ""
        return ", and ".join(tails) + until or "-"

    def get_readonly_fields(self, request: HttpRequest, obj: Channel | None = None) -> list[str]:
        return ["organization", "kind", "leads_to", "signed_with"] if obj else []

    def save_model(self, request: HttpRequest, obj: Channel, form: forms.ModelForm, change: bool) -> None:
        secret = channel_services.save_channel(obj)
        if secret:
            messages.warning(request, f"{obj} is signed with this secret, shown only now: {secret}")

    def delete_model(self, request: HttpRequest, obj: Channel) -> None:
        channel_services.remove_channel(obj, now=clock.now())

    @admin.action(description="Send a test to the selected channels", permissions=["change"])
    def send_test(self, request: HttpRequest, queryset: QuerySet[Channel]) -> None:
        for channel in queryset.select_related("organization"):
            sent = try_channel(channel, now=clock.now())
            level = messages.SUCCESS if sent.succeeded else messages.ERROR
            messages.add_message(request, level, f"{channel}: {sent.detail}.")

    @admin.action(description="Renew the secret of the selected webhooks", permissions=["change"])
    def renew_secret(self, request: HttpRequest, queryset: QuerySet[Channel]) -> None:
        for channel in queryset.filter(kind__in=kinds.signed()):
            secret = channel_services.renew_secret(channel, now=clock.now(), overlap=overlap_of(request))
            messages.warning(request, f"{channel} is signed with this secret, shown only now: {secret}")


class RouteForm(ServiceForm):
    to = forms.ChoiceField()
    department_id = forms.ChoiceField(required=False, label="Only of department")
    queue_name = forms.ChoiceField(required=False, label="Only of queue")

    class Meta:
        model = Route
        fields = ["organization", "to", "minimum_severity", "department_id", "queue_name", "enabled"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer_places(self, self.organizations)
        to = recipient_choices(self.organizations, self.instance.to)
        self.fields["to"].choices = to  # type: ignore[attr-defined]

    def check_instance(self) -> None:
        channel_services.check_route(self.instance)


@admin.register(Route)
class RouteAdmin(TenantModelAdmin):
    grant = Grant.NOTIFY
    form = RouteForm
    list_display = ["to", "organization", "minimum_severity", "department_id", "queue_name", "enabled"]
    list_filter = ["organization", "minimum_severity"]

    def get_readonly_fields(self, request: HttpRequest, obj: Route | None = None) -> list[str]:
        return ["organization"] if obj else []

    def save_model(self, request: HttpRequest, obj: Route, form: forms.ModelForm, change: bool) -> None:
        channel_services.save_route(obj)

    def delete_model(self, request: HttpRequest, obj: Route) -> None:
        channel_services.remove_route(obj)
