"""Secrets of channels: encrypted at rest, never shown again, renewed with an overlap, and what a lost key means."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from alerts.notifications import at_rest, channel_services
from alerts.notifications.models import Channel
from alerts.notifications.services import try_channel
from intraday.audit.models import AuditEntry
from intraday.encryption.at_rest import UnreadableError, decrypt, encrypt, is_current
from intraday.org.models import Role
from intraday.retention import registry
from tests.access.people import person as member
from tests.alerts.world import at
from tests.notifications.conftest import outcomes, send
from tests.notifications.receiver import receiver

URL = "https://hooks.slack.example/services/T0/B0/secret-part"
LIST = reverse("admin:outgoing_channel_changelist")
DAY = timedelta(days=1)


def stored() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM outgoing_channel")
        return str(cursor.fetchall())


def change_page(channel: Channel) -> str:
    return reverse("admin:outgoing_channel_change", args=[channel.pk])


@pytest.fixture
def sue(organization: Any) -> Client:
    client = Client()
    client.force_login(member("sue", organization, Role.SUPERVISOR))
    return client


@pytest.fixture
def older(channel: Any) -> Any:
    """Turn a channel into what a process of the version before stores, or stored before the upgrade."""

    def make(address: str, secret: str, since: datetime | None = None) -> Channel:
        made = channel(address)
        plain = {"plain_address": address, "plain_secret": secret, "sealed_address": "", "sealed_secret": ""}
        Channel.objects.filter(pk=made.pk).update(**plain, plain_since=since or timezone.now())
        return Channel.objects.get(pk=made.pk)

    return make


# --- encryption ------------------------------------------------------------------------------------------------------
def test_a_text_comes_back_and_another_key_does_not_read_it(settings: Any):
    sealed = encrypt("whsec_ü")
    assert decrypt(sealed) == "whsec_ü"
    assert sealed != encrypt("whsec_ü")
    assert (encrypt(""), decrypt("")) == ("", "")
    settings.SECRET_KEY = "another" * 10
    with pytest.raises(UnreadableError, match="SECRET_KEY has changed"):
        decrypt(sealed)
    with pytest.raises(UnreadableError):
        decrypt("no token at all")


def test_a_fallback_reads_what_it_encrypted_until_it_is_dropped(settings: Any):
    former, sealed = settings.SECRET_KEY, encrypt("secret")
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another" * 10, [former]
    assert decrypt(sealed) == "secret"
    assert (is_current(sealed), is_current(encrypt("secret")), is_current("")) == (False, True, True)


def test_neither_an_address_nor_a_secret_is_in_the_database(channel: Any):
    hook, slack = channel(URL), channel(URL, "slack", "slack")
    assert hook.secret.startswith("whsec_")
    assert "secret-part" not in stored()
    assert hook.secret not in stored()
    assert Channel.objects.get(pk=hook.pk).secret == hook.secret
    assert (Channel.objects.get(pk=slack.pk).address, slack.secret) == (URL, "")


def test_a_mailbox_stays_readable_since_an_erased_person_may_be_in_it(channel: Any):
    assert channel("ops@example.com", kind="mail").plain_address == "ops@example.com"


# --- an upgrade ------------------------------------------------------------------------------------------------------
def test_what_an_older_process_stored_works_at_once_and_is_encrypted_a_day_later(world: Any, older: Any):
    with receiver() as hook:
        made = older(hook.url, "an-old_secret")
        assert (made.address, made.secret) == (hook.url, "an-old_secret")
        registry.purge(now=timezone.now() + DAY - timedelta(minutes=1))
        assert Channel.objects.get().plain_secret == "an-old_secret"  # older processes still read it
        registry.purge(now=timezone.now() + DAY)
        made = Channel.objects.get()
        assert (made.plain_address, made.plain_secret) == ("", "")
        assert (made.address, made.secret) == (hook.url, "an-old_secret")
        assert "an-old_secret" not in stored()
        world.rule()
        world.judge(95, 0)
        send(at(5))
    assert len(hook.requests) == 1
    assert at_rest.keep(now=timezone.now() + 2 * DAY) == 0


def test_what_an_older_process_writes_over_an_encrypted_value_counts(channel: Any):
    made = channel(URL)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE outgoing_channel SET address = 'https://new.example', secret = 'renewed'")
    made.refresh_from_db()
    assert (made.address, made.secret) == ("https://new.example", "renewed")
    call_command("reencrypt")
    made.refresh_from_db()
    assert (made.address, made.secret, made.plain_secret) == ("https://new.example", "renewed", "")


# --- a new SECRET_KEY ------------------------------------------------------------------------------------------------
def test_reencrypting_lets_a_fallback_go(channel: Any, settings: Any, capsys: pytest.CaptureFixture[str]):
    made = channel(URL)
    secret, former = made.secret, settings.SECRET_KEY
    renewed = channel_services.renew_secret(made, now=timezone.now())
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another" * 10, [former]
    call_command("reencrypt")
    call_command("reencrypt")
    said = [line for line in capsys.readouterr().out.splitlines() if "channels" in line]
    assert said == ["1 channels encrypted anew.", "0 channels encrypted anew."]
    settings.SECRET_KEY_FALLBACKS = []
    made = Channel.objects.get()
    assert (made.address, made.secrets_in_force(timezone.now())) == (URL, [renewed, secret])


def test_after_a_lost_key_the_page_says_so_and_a_delivery_fails(world: Any, channel: Any, settings: Any, sue: Client):
    with receiver() as hook:
        made = channel(hook.url)
        settings.SECRET_KEY = "another" * 10
        sue.force_login(member("sue", world.organization, Role.SUPERVISOR))
        world.rule()
        world.judge(95, 0)
        send(at(5))
        said = "address or secret cannot be read, because SECRET_KEY has changed: set them anew on the channel's page"
        assert outcomes() == {"ops": ("failed", said)}
        for page in (LIST, change_page(made)):
            shown = sue.get(page).content.decode()
            assert "The secret cannot be read, because SECRET_KEY has changed: renew it." in shown
            assert "The address cannot be read, because SECRET_KEY has changed: enter it again." in shown
        with pytest.raises(CommandError, match="org_123: ops"):
            call_command("reencrypt")
        form = {"name": "ops", "address": "", "enabled": "on"}
        assert "enter it again" in sue.post(change_page(made), form).content.decode()
        sue.post(change_page(made), {**form, "address": hook.url})
        sue.post(LIST, {"action": "renew_secret", "_selected_action": [made.pk]})
        assert try_channel(Channel.objects.get(), now=timezone.now()).succeeded
    assert len(hook.requests) == 1


# --- pages and the audit log -----------------------------------------------------------------------------------------
def test_a_page_shows_the_end_of_a_secret_and_no_more(channel: Any, sue: Client):
    made = channel(URL)
    for page in (LIST, change_page(made)):
        shown = sue.get(page).content.decode()
        assert f"…{made.secret.rstrip('=')[-4:]}" in shown
        assert made.secret[:-8] not in shown
        assert "secret-part" not in shown


def test_a_renewal_with_an_overlap_is_chosen_in_the_list_and_leaves_a_trail(channel: Any, sue: Client):
    made = channel(URL)
    former = made.secret
    chosen = {"action": "renew_secret", "_selected_action": [made.pk], "overlap_days": "30"}
    shown = sue.post(LIST, chosen, follow=True).content.decode()
    made.refresh_from_db()
    assert made.secret in shown.replace("&#x3D;", "=")
    assert abs(made.former_until - timezone.now() - timedelta(days=30)) < timedelta(minutes=1)
    assert f"…{former.rstrip('=')[-4:]} until {made.former_until:%Y-%m-%d %H:%M}" in sue.get(LIST).content.decode()
    entry = AuditEntry.objects.get(action="channel.renewed")
    assert (entry.actor, entry.after["secret"]) == ("sue", "(hidden)")
    assert entry.after["former_until"].startswith(made.former_until.isoformat()[:19])
    sue.post(LIST, {**chosen, "overlap_days": "0"})
    made.refresh_from_db()
    assert (made.former_until, len(made.secrets_in_force(timezone.now()))) == (None, 1)


def test_an_address_that_stays_is_no_change_for_the_audit_log(channel: Any, sue: Client):
    made = channel(URL)
    sue.post(change_page(made), {"name": "night", "address": URL, "enabled": "on"})
    sue.post(change_page(made), {"name": "night", "address": "https://other.example/x", "enabled": "on"})
    entries = [entry.after for entry in AuditEntry.objects.filter(action="channel.saved").order_by("id")]
    assert entries[1:] == [{"name": "night"}, {"address": "(hidden)"}]
    assert "secret-part" not in json.dumps(entries)


def test_former_secrets_are_forgotten_after_their_time(channel: Any):
    made = channel(URL)
    channel_services.renew_secret(made, now=timezone.now(), overlap=DAY)
    assert at_rest.keep(now=timezone.now() + DAY - timedelta(minutes=1)) == 0
    assert at_rest.keep(now=timezone.now() + DAY) == 1
    made.refresh_from_db()
    assert (made.sealed_former_secret, made.former_until) == ("", None)
