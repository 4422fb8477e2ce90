"""Passwords: changed by those who know theirs, chosen by a link that an administrator or a mail has brought."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.forms import PasswordChangeForm, SetPasswordForm
from django.contrib.auth.models import User
from django.contrib.auth.views import PasswordChangeView, PasswordResetConfirmView
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.generic import FormView

from intraday.pages.sign_in import locked
from intraday.sign_in import limits, passwords
from intraday.sign_in.limits import CONFIRMATIONS, MAIL_REQUESTS


class ChangePasswordView(PasswordChangeView):
    """A signed-in person changes her own password; her other sessions end."""

    template_name = "intraday/password.html"
    success_url = "/account"

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if CONFIRMATIONS.is_reached(str(request.user.pk)):
            return locked(request)
        return super().post(request, *args, **kwargs)

    def form_valid(self, form: PasswordChangeForm) -> HttpResponse:
        response = super().form_valid(form)
        assert isinstance(self.request.user, User)
        passwords.changed(self.request.user)
        messages.success(self.request, "Your password is changed, and your other sessions have ended.")
        return response

    def form_invalid(self, form: PasswordChangeForm) -> HttpResponse:
        if "old_password" in form.errors and form.data.get("old_password"):
            CONFIRMATIONS.count(str(self.request.user.pk))
        return super().form_invalid(form)


class ChoosePasswordView(PasswordResetConfirmView):
    """Somebody chooses a password by a link: a new person's first one, or another one after a mail."""

    template_name = "intraday/password.html"
    success_url = "/signin"

    def form_valid(self, form: SetPasswordForm) -> HttpResponse:
        response = super().form_valid(form)
        passwords.chosen(form.user)
        limits.remember_browser(response, form.user.get_username())
        messages.success(self.request, f"Your password is saved. Sign in as {form.user.get_username()}.")
        return response


class ForgottenForm(forms.Form):
    email = forms.EmailField(label="E-mail", max_length=254)


class ForgottenPasswordView(FormView):
    """Send a link to an address. The answer is the same whether it belongs to somebody or not."""

    template_name = "intraday/forgotten.html"
    form_class = ForgottenForm

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not passwords.can_be_mailed():
            return render(request, self.template_name, {"no_mail": True})
        return super().dispatch(request, *args, **kwargs)

    def form_valid(self, form: ForgottenForm) -> HttpResponse:
        address = limits.network(self.request)
        if MAIL_REQUESTS.is_reached(address):
            return locked(self.request)
        MAIL_REQUESTS.count(address)
        passwords.ask_for_links(form.cleaned_data["email"])
        return render(self.request, self.template_name, {"sent_to": form.cleaned_data["email"]})
