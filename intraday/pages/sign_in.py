"""Signing in, with a password; in demo mode also as one of its four people."""

from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model, login
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, PasswordChangeView, PasswordResetConfirmView
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from intraday.org.demo import DEMO_PEOPLE

DEMO_BACKEND = "django.contrib.auth.backends.ModelBackend"


class SignInForm(AuthenticationForm):
    """Refuses names that no person can have: Unicode's long form of one may be too long to count its failures."""

    def clean_username(self) -> str:
        name: str = self.cleaned_data["username"]
        if len(name) > (self.username_field.max_length or 0):
            raise self.get_invalid_login_error()
        return name


class SignInView(LoginView):
    """Wrong passwords are counted by django-axes."""

    form_class = SignInForm
    template_name = "intraday/signin.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        people = DEMO_PEOPLE.items() if settings.DEMO else []
        return super().get_context_data(**kwargs, people=[(name, role.label) for name, role in people])

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        name = request.POST.get("continue_as")
        if settings.DEMO and name in DEMO_PEOPLE:
            login(request, get_user_model().objects.get(username=name), backend=DEMO_BACKEND)
            return HttpResponseRedirect(self.get_success_url())
        return super().post(request, *args, **kwargs)


class ChangePasswordView(PasswordChangeView):
    """A signed-in person changes her own password; her other sessions end."""

    template_name = "intraday/password.html"
    success_url = "/"


class ChoosePasswordView(PasswordResetConfirmView):
    """A new person chooses the first password, by a link from an administrator (intraday.org.passwords)."""

    template_name = "intraday/password.html"
    success_url = "/signin"
