from django.contrib import admin
from django.contrib.auth.views import LogoutView
from django.urls import include, path
from drf_spectacular.views import SpectacularSwaggerSplitView

import backlog.urls
import kpi.selectors
from alerts.actions.views import ActionsView
from alerts.story.views import StoryView
from intraday.channels import CHANNELS
from intraday.feed_health.views import FeedsView
from intraday.pages import (
    account,
    console,
    documents,
    health,
    password,
    prometheus,
    security_text,
    sign_in,
    single_sign_on,
)
from intraday.pages.documentation import views as documentation
from intraday.pages.kpi_metrics.page import KPIMetricsView
from intraday.rest.endpoints.audit import AuditView
from intraday.rest.endpoints.keys import KeysView, RevokeKeyView
from intraday.rest.endpoints.saved_views import SavedViewsView, SavedViewView
from intraday.rest.endpoints.walls import RevokeWallView, WallsView
from realtime.views import EventStreamView

urlpatterns = [
    path("", console.page),
    path("alerts/<str:alert_id>", console.alert),
    path("audit", console.audit),
    path("story", console.story),
    path("runbook", documentation.page, {"path": "runbook"}),
    path("wall/<str:secret>", console.wall),
    path("wall/<str:secret>/token", console.wall_token),
    path("signin", sign_in.SignInView.as_view(), name="account_login"),  # the names are those that allauth goes by
    path("signin/code", sign_in.CodeView.as_view(), name="mfa_authenticate"),
    path("signout", LogoutView.as_view()),
    path("sso/<provider_id>", single_sign_on.begin, name="openid_connect_login"),
    path("sso/<provider_id>/callback", single_sign_on.callback, name="openid_connect_callback"),
    path("account", account.page, name="mfa_index"),
    path("account/sessions/end", account.end_sessions),
    path("account/confirm", account.ConfirmView.as_view(), name="account_reauthenticate"),
    path("account/confirm/code", account.ConfirmByCodeView.as_view(), name="mfa_reauthenticate"),
    path("account/second-factor", account.AddSecondFactorView.as_view(), name="mfa_activate_totp"),
    path("account/second-factor/remove", account.RemoveSecondFactorView.as_view(), name="mfa_deactivate_totp"),
    path("account/recovery-codes", account.RecoveryCodesView.as_view(), name="mfa_view_recovery_codes"),
    path("account/recovery-codes/new", account.NewRecoveryCodesView.as_view(), name="mfa_generate_recovery_codes"),
    path(".well-known/security.txt", security_text.page),
    path("password", password.ChangePasswordView.as_view(), name="password_change"),
    path("password/forgotten", password.ForgottenPasswordView.as_view()),
    path("password/<uidb64>/<token>", password.ChoosePasswordView.as_view(), name="password_reset_confirm"),
    path("docs", documentation.page),
    path("docs/errors", documentation.errors_page),
    path("docs/search.json", documentation.index),
    path("docs/<path:path>", documentation.page),
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("metrics", prometheus.page),
    path("metrics/kpi", KPIMetricsView.as_view()),
    path("admin/", admin.site.urls),
    path("api/schedulesbacklog/", include(backlog.urls.ingest)),
    path("api/intraday/backlog/", include("backlog.urls")),
    path("api/intraday/attendance/", include("attendance.urls")),
    path("api/intraday/kpi/", include("kpi.urls")),
    path("api/alerts", include("alerts.urls")),
    path("api/intraday/actions", ActionsView.as_view()),
    path("api/intraday/story", StoryView.as_view()),
    path("api/intraday/feeds", FeedsView.as_view(opened=kpi.selectors.opened)),
    path("api/ws/sse", EventStreamView.as_view(channels=CHANNELS)),
    path("api/audit", AuditView.as_view()),
    path("api/walls", WallsView.as_view()),
    path("api/walls/revoke", RevokeWallView.as_view()),
    path("api/keys", KeysView.as_view()),
    path("api/keys/revoke", RevokeKeyView.as_view()),
    path("api/me/views", SavedViewsView.as_view()),
    path("api/me/views/<uuid:view_id>", SavedViewView.as_view()),
    path("api/ws/", include("realtime.urls")),
    path("api/schema", documents.OpenAPIView.as_view(), name="schema"),
    path("asyncapi.json", documents.events_document),
    path(
        "api/docs",
        SpectacularSwaggerSplitView.as_view(
            url_name="schema",
            template_name="intraday/docs.html",
            http_method_names=["get", "head"],  # it has no template for what OPTIONS answers
        ),
    ),
]
handler400 = "intraday.rest.errors.bad_request"
handler404 = "intraday.rest.errors.not_found"
handler500 = "intraday.rest.errors.server_error"
