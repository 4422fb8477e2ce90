"""Secrets of sign-in when SECRET_KEY changes."""

from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.core.management import CommandError, call_command

from intraday.encryption import at_rest
from intraday.encryption.at_rest import UnreadableError
from intraday.org.models import Organization, Role
from intraday.sign_in.models import IdentityProvider
from tests.access.people import person

SECRET = "JBSWY3DPEHPK3PXP"


@pytest.fixture
def stored(house: Organization) -> IdentityProvider:
    """A provider, and a person with an app and recovery codes."""
    dana = person("dana", house, Role.ADMIN)
    TOTP.activate(dana, SECRET)
    RecoveryCodes.activate(dana)
    return IdentityProvider.objects.create(
        id="acme",
        name="Acme",
        issuer="https://id.example",
        client_id="intraday",
        sealed_secret=at_rest.encrypt("a client secret"),
    )


def app_secret() -> str:
    return at_rest.decrypt(Authenticator.objects.get(type="totp").data["secret"])


def test_secrets_of_sign_in_are_encrypted_anew_with_the_present_key(
    stored: IdentityProvider, settings: Any, capsys: pytest.CaptureFixture[str]
):
    codes = RecoveryCodes(Authenticator.objects.get(type="recovery_codes")).get_unused_codes()
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another" * 10, [settings.SECRET_KEY]
    call_command("reencrypt")
    call_command("reencrypt")
    said = [line for line in capsys.readouterr().out.splitlines() if "second factors" in line]
    assert [line.partition(" ")[0] for line in said] == ["3", "0"]
    settings.SECRET_KEY_FALLBACKS = []
    stored.refresh_from_db()
    assert (stored.secret, app_secret()) == ("a client secret", SECRET)
    assert RecoveryCodes(Authenticator.objects.get(type="recovery_codes")).get_unused_codes() == codes


def test_secrets_of_a_lost_key_are_named_and_left_as_they_are(stored: IdentityProvider, settings: Any):
    settings.SECRET_KEY = "another" * 10
    with pytest.raises(CommandError, match="identity provider acme, second factor of dana, second factor of dana"):
        call_command("reencrypt")
    stored.refresh_from_db()
    with pytest.raises(UnreadableError):
        _ = stored.secret
