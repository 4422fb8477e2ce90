"""A person's own account: password, second factor, sessions. The flows of second factors are allauth's."""

from typing import Any

from allauth.account.views import ReauthenticateView
from allauth.mfa.base.views import ReauthenticateView as ConfirmByCode
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.views import GenerateRecoveryCodesView, ViewRecoveryCodesView
from allauth.mfa.totp.views import ActivateTOTPView, DeactivateTOTPView
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from intraday.pages.sign_in import locked
from intraday.sign_in import members
from intraday.sign_in.codes import ConfirmationCodeForm, NewFactorForm
from intraday.sign_in.limits import CONFIRMATIONS


@require_safe
@never_cache
@login_required
def page(request: HttpRequest) -> HttpResponse:
    return render(request, "intraday/account.html", _described(request.user))


@require_POST
@login_required
def end_sessions(request: HttpRequest) -> HttpResponse:
    """End the person's sessions on all other browsers; their sockets close within seconds."""
    assert isinstance(request.user, User)
    ended = members.end_sessions(request.user, but=request.session.session_key or "")
    return render(request, "intraday/account.html", {**_described(request.user), "ended": ended})


def _described(user: Any) -> dict[str, Any]:
    rows = {row.type: row for row in Authenticator.objects.filter(user=user)}
    codes = rows.get(Authenticator.Type.RECOVERY_CODES)
    return {
        "has_password": user.has_usable_password(),
        "has_second_factor": Authenticator.Type.TOTP in rows,
        "codes_left": len(codes.wrap().get_unused_codes()) if codes else 0,
    }


class ConfirmView(ReauthenticateView):
    """Ask for the password again before the second factor is changed or shown."""

    template_name = "intraday/confirm.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if (
            request.method == "POST"
            and request.user.is_authenticated
            and CONFIRMATIONS.is_reached(str(request.user.pk))
        ):
            return locked(request)
        response: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        return response

    def form_invalid(self, form: Any) -> HttpResponse:
        CONFIRMATIONS.count(str(self.request.user.pk))
        response: HttpResponse = super().form_invalid(form)
        return response


class ConfirmByCodeView(ConfirmByCode):
    """The same by a code, for people without a password."""

    template_name = "intraday/confirm.html"

    def get_form_class(self) -> type[ConfirmationCodeForm]:
        return ConfirmationCodeForm


@method_decorator(never_cache, name="dispatch")
@method_decorator(login_required, name="dispatch")
class AddSecondFactorView(ActivateTOTPView):
    template_name = "intraday/second_factor.html"

    def get_form_class(self) -> type[NewFactorForm]:
        return NewFactorForm


class RemoveSecondFactorView(DeactivateTOTPView):
    template_name = "intraday/no_second_factor.html"


class RecoveryCodesView(ViewRecoveryCodesView):
    template_name = "intraday/recovery_codes.html"


@method_decorator(login_required, name="dispatch")
class NewRecoveryCodesView(GenerateRecoveryCodesView):
    template_name = "intraday/new_recovery_codes.html"
