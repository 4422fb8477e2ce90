"""OpenID Connect as allauth speaks it, with what it leaves open: a nonce, a signature that is always verified.

allauth finds `provider_classes` in the module of this name. Only the identity of a person and her groups are taken
from a provider; neither is stored.
"""

import secrets
from typing import Any

import jwt
from allauth.account.utils import get_next_redirect_url
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.models import SocialApp, SocialLogin, SocialToken
from allauth.socialaccount.providers.base import AuthProcess
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.http import HttpRequest, HttpResponse

Claims = dict[str, Any]
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
LEEWAY_SECONDS = 60
"""Clocks of a provider and of our hosts differ."""


class Adapter(OpenIDConnectOAuth2Adapter):
    """Exchanges the code, and reads the two answers in which a provider says who somebody is."""

    def complete_login(self, request: HttpRequest, app: SocialApp, token: SocialToken, **kwargs: Any) -> SocialLogin:
        id_token = kwargs["response"].get("id_token")
        if not id_token:
            raise OAuth2Error("The provider sent no ID token.")
        claims = self._decode_id_token(app, id_token)
        if "userinfo_endpoint" in self.openid_config:
            more = self._fetch_user_info(token.token)
            if more.get("sub") != claims["sub"]:
                raise OAuth2Error("The user info is about somebody else than the ID token.")
            claims = {**more, **claims}
        return self.get_provider().sociallogin_from_response(request, claims)

    def _decode_id_token(self, app: SocialApp, id_token: str) -> Claims:
        try:
            return dict(
                jwt.decode(
                    id_token,
                    key=self._key(id_token),
                    algorithms=ALGORITHMS,
                    issuer=self.openid_config["issuer"],
                    audience=app.client_id,
                    leeway=LEEWAY_SECONDS,
                    options={"require": ["exp", "iat", "iss", "aud", "sub"]},
                )
            )
        except (jwt.PyJWTError, KeyError, ValueError) as error:
            raise OAuth2Error(f"The ID token cannot be verified: {error}") from error

    def _key(self, id_token: str) -> jwt.PyJWK:
        """Return the provider's key that the token names; its only one, if the token names none."""
        named = jwt.get_unverified_header(id_token).get("kid")
        with get_adapter().get_requests_session() as session:
            answer = session.get(self.openid_config["jwks_uri"])
            answer.raise_for_status()
        keys = [key for key in jwt.PyJWKSet.from_dict(answer.json()).keys if key.public_key_use in (None, "sig")]
        found = [key for key in keys if named in (None, key.key_id)]
        if len(found) != 1:
            raise OAuth2Error(f"The provider has {len(found)} keys for its ID token.")
        return found[0]


class Provider(OpenIDConnectProvider):
    """A row of IdentityProvider, as allauth sees it."""

    oauth2_adapter_class = Adapter
    pkce_enabled_default = True

    def get_redirect_from_request_kwargs(self, request: HttpRequest) -> dict[str, Any]:
        """Take nothing from the request but where to go on: no other scope, parameter or purpose."""
        next_url = get_next_redirect_url(request)
        return {"process": AuthProcess.LOGIN, **({"next_url": next_url} if next_url else {})}

    def redirect(self, request: HttpRequest, process: str, next_url: str | None = None, **kwargs: Any) -> HttpResponse:
        nonce = secrets.token_urlsafe(24)
        parameters = {"nonce": nonce}
        response: HttpResponse = super().redirect(
            request, process, next_url, auth_params=parameters, nonce=nonce, **kwargs
        )
        return response

    def sociallogin_from_response(self, request: HttpRequest, response: Claims) -> SocialLogin:
        login = super().sociallogin_from_response(request, response)
        login.claims = response  # for SocialAccountAdapter.pre_social_login
        return login

    def extract_uid(self, data: Claims) -> str:
        return str(data["sub"])

    def extract_extra_data(self, data: Claims) -> Claims:
        return {}

    def extract_common_fields(self, data: Claims) -> Claims:
        return {}

    def extract_email_addresses(self, data: Claims) -> list[Any]:
        return []


provider_classes = [Provider]
