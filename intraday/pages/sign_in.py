"""Signing in: with a password, then a code where there is a second factor; in demo mode also as one of its people."""

from typing import Any

from allauth.account.utils import perform_login
from allauth.mfa.base.views import AuthenticateView
from django.conf import settings
from django.contrib.auth import get_user_model, login, logout
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import urlencode

from intraday.org.demo import DEMO_PEOPLE
from intraday.sign_in import identity_providers, limits, passwords
from intraday.sign_in.adapters import BACKEND
from intraday.sign_in.codes import SignInCodeForm

LOCKED_SECONDS = 15 * 60


class SignInForm(AuthenticationForm):
    """Refuses names that no person can have: Unicode's long form of one may be too long to count its failures."""

    def clean_username(self) -> str:
        name: str = self.cleaned_data["username"]
        if len(name) > (self.username_field.max_length or 0):
            raise self.get_invalid_login_error()
        return name


class SignInView(LoginView):
    """Wrong passwords are counted by django-axes and by intraday.sign_in.limits."""

    form_class = SignInForm
    template_name = "intraday/signin.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        people = DEMO_PEOPLE.items() if settings.DEMO else []
        following = self.get_redirect_url()
        return super().get_context_data(
            **kwargs,
            people=[(name, role.label) for name, role in people],
            providers=identity_providers.offered(),
            following=f"?{urlencode({'next': following})}" if following else "",
            can_be_mailed=passwords.can_be_mailed(),
        )

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        name = request.POST.get("continue_as")
        if settings.DEMO and name in DEMO_PEOPLE:
            login(request, get_user_model().objects.get(username=name), backend=BACKEND)
            return HttpResponseRedirect(self.get_success_url())
        if limits.refuses_password(request, request.POST.get("username", "")):
            return locked(request)
        return super().post(request, *args, **kwargs)

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """Go on to the second factor, if there is one; the session is signed in after that."""
        following = self.get_success_url()
        if self.request.user.is_authenticated:
            logout(self.request)  # the second step is for people who are not signed in yet
        response: HttpResponse = perform_login(self.request, form.get_user(), redirect_url=following)
        return response

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        was_tried = self.request.POST.get("password") and not getattr(self.request, "axes_locked_out", False)
        if was_tried:
            limits.count_wrong_password(self.request, self.request.POST.get("username", ""))
        return super().form_invalid(form)


class CodeView(AuthenticateView):
    """The second step, for people with a second factor."""

    template_name = "intraday/code.html"
    form_class = SignInCodeForm

    def get_form_class(self) -> type[SignInCodeForm]:
        return self.form_class


def locked(request: HttpRequest) -> HttpResponse:
    response = render(request, "intraday/locked.html", {"can_be_mailed": passwords.can_be_mailed()}, status=429)
    response["Retry-After"] = str(LOCKED_SECONDS)
    return response
