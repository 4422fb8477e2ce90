"""Codes of second factors: from an authenticator app, or from the list of recovery codes. Each is good for once.

allauth keeps used codes in the cache, without which nobody could sign in; here the database has them.
"""

from allauth.core import context
from allauth.core.internal.cryptokit import compare_user_code
from allauth.mfa import app_settings, signals
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.totp.internal import auth as totp
from allauth.mfa.utils import decrypt
from django import forms
from django.contrib.auth.models import User
from django.db import transaction

from intraday.clock.database import clock
from intraday.sign_in.limits import CODES

LAST_COUNTER = "last_counter"
"""The period of the last code that was taken: that code, and those before it, are not taken again."""
TOLERANCE = 1
"""Periods that the clock of a phone may be off."""
TOO_MANY = "Too many wrong codes: wait 15 minutes, then sign in again."


class SignInCodeForm(AuthenticateForm):
    """The second step of signing in."""

    def clean_code(self) -> str:
        return _clean(self, reauthentication=False)


class NewFactorForm(ActivateTOTPForm):
    """The first code of an app that has just been set up."""

    def clean_code(self) -> str:
        code = str(self.cleaned_data["code"])
        if _counter_of(self.secret, code) is None:
            raise get_adapter().validation_error("incorrect_code")
        return code


class ConfirmationCodeForm(ReauthenticateForm):
    """A code before a change of the second factor."""

    def clean_code(self) -> str:
        return _clean(self, reauthentication=True)


def _clean(form: AuthenticateForm | ReauthenticateForm, *, reauthentication: bool) -> str:
    key, code = str(form.user.pk), str(form.cleaned_data["code"])
    if CODES.is_reached(key):
        raise forms.ValidationError(TOO_MANY)
    found = used(form.user, code)
    if found is None:
        CODES.count(key)
        signals.authentication_failed.send(
            sender=Authenticator,
            request=context.request,
            user=form.user,
            authenticator=None,
            reauthentication=reauthentication,
        )
        raise get_adapter().validation_error("incorrect_code")
    CODES.forget(key)
    form.authenticator = found
    return code


@transaction.atomic
def used(user: User, code: str) -> Authenticator | None:
    """Use up this code of the person; return what it is a code of, None if it is wrong or was used before."""
    kinds = (Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES)
    for row in Authenticator.objects.select_for_update().filter(user=user, type__in=kinds).order_by("-type"):
        is_right = _use_of_app(row, code) if row.type == Authenticator.Type.TOTP else row.wrap().validate_code(code)
        if is_right:
            row.refresh_from_db()
            row.user = user
            return row
    return None


def _use_of_app(row: Authenticator, code: str) -> bool:
    counter = _counter_of(decrypt(row.data["secret"]), code)
    if counter is None or counter <= row.data.get(LAST_COUNTER, -1):
        return False
    row.data[LAST_COUNTER] = counter
    row.save(update_fields=["data"])
    return True


def _counter_of(secret: str, code: str) -> int | None:
    """Return the period whose code this is; None if it is of none about now, by the database's clock."""
    now = int(clock.now().timestamp()) // app_settings.TOTP_PERIOD
    for counter in range(now - TOLERANCE, now + TOLERANCE + 1):
        if compare_user_code(actual=code, expected=totp.format_hotp_value(totp.hotp_value(secret, counter))):
            return counter
    return None
