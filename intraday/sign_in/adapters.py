"""Adapters of allauth: signing people in, admitting those who come by a provider, keeping secrets."""

from typing import Any

import structlog
from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp, SocialLogin
from allauth.socialaccount.providers.base import AuthError
from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.crypto import constant_time_compare

from intraday.audit import services as audit
from intraday.encryption import at_rest
from intraday.sign_in import groups, identity_providers, limits
from intraday.sign_in.models import IdentityProvider

log = structlog.get_logger(__name__)

BACKEND = "django.contrib.auth.backends.ModelBackend"


class AccountAdapter(DefaultAccountAdapter):
    """Signs people in once all stages are behind them."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def login(self, request: HttpRequest, user: User) -> None:
        login(request, user, backend=BACKEND)

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse:
        response: HttpResponse = super().post_login(request, user, **kwargs)
        limits.remember_browser(response, user.get_username())
        if "sociallogin" in (kwargs.get("signal_kwargs") or {}):
            request.session.set_expiry(settings.PROVIDER_SESSION)  # then the provider is asked for the groups again
        return response

    def respond_user_inactive(self, request: HttpRequest, user: User) -> HttpResponse:
        return no_access(request)

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """Say nothing beside the pages: they say it themselves."""


class SocialAccountAdapter(DefaultSocialAccountAdapter):
    """Lets those in whose groups grant something. People are found by provider and subject, never by an address."""

    def list_apps(
        self, request: HttpRequest, provider: str | None = None, client_id: str | None = None
    ) -> list[SocialApp]:
        rows = IdentityProvider.objects.all()
        return [identity_providers.as_app(row) for row in (rows if provider is None else rows.filter(pk=provider))]

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        return True  # pre_social_login has seen a group that grants something

    def authenticate_by_email(self, sociallogin: SocialLogin) -> None:
        return None

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        row = IdentityProvider.objects.get(pk=sociallogin.account.provider)
        sent, came = sociallogin.state.get("nonce", ""), sociallogin.claims.get("nonce", "")
        if not sent or not constant_time_compare(str(sent), str(came)):
            self.on_authentication_error(request, row, exception=ValueError("The nonce is not the one that was sent."))
        found = identity_providers.groups_in(row, sociallogin.claims)
        if not sociallogin.is_existing:
            if not groups.granted(row, found):
                self._refuse(request, row, None)
            return
        user = sociallogin.user
        assert isinstance(user, User)
        if user.is_active:
            groups.apply(user, row, found)
        if not user.is_active or not identity_providers.has_access(user):
            self._refuse(request, row, user)

    def populate_user(self, request: HttpRequest, sociallogin: SocialLogin, data: dict[str, Any]) -> Any:
        """Leave the new user without a name until `save_user`: most come again, and have one."""
        return sociallogin.user

    @transaction.atomic
    def save_user(self, request: HttpRequest, sociallogin: SocialLogin, form: Any = None) -> User:
        """Store a person who comes for the first time, with what the groups grant."""
        row = IdentityProvider.objects.get(pk=sociallogin.account.provider)
        user = sociallogin.user
        assert isinstance(user, User)
        user.username = identity_providers.name_for(row, sociallogin.claims)
        user.email = identity_providers.email_in(sociallogin.claims)
        user.set_unusable_password()
        user.save()
        sociallogin.account.user = user
        sociallogin.account.save()
        groups.apply(user, row, identity_providers.groups_in(row, sociallogin.claims))
        return user

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: Any,
        error: str | None = AuthError.UNKNOWN,
        exception: Exception | None = None,
        extra_context: Any = None,
    ) -> None:
        """Answer with a page of ours. The reason is in the log: the address of the page may be made up."""
        if error == AuthError.CANCELLED:
            raise ImmediateHttpResponse(HttpResponseRedirect(settings.LOGIN_URL))
        log.warning("provider_sign_in_failed", provider=str(provider), error=str(exception or error)[:300])
        raise ImmediateHttpResponse(render(request, "intraday/provider_failed.html", status=401))

    def _refuse(self, request: HttpRequest, row: IdentityProvider, user: User | None) -> None:
        name = user.get_username() if user else "(new person)"
        organization = row.organization_id or ""
        audit.record("person.refused", organization_id=organization, target=name, actor=f"provider {row.pk}")
        raise ImmediateHttpResponse(no_access(request))


class MFAAdapter(DefaultMFAAdapter):
    """Keeps the secrets of second factors sealed, and says in an authenticator app what they are for."""

    def encrypt(self, text: str) -> str:
        return at_rest.encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        return at_rest.decrypt(encrypted_text)

    def get_totp_label(self, user: User) -> str:
        return user.get_username()

    def get_totp_issuer(self) -> str:
        return f"Intraday {context.request.get_host()}"


def no_access(request: HttpRequest) -> HttpResponse:
    return render(request, "intraday/no_access.html", status=403)
