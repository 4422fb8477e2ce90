from django.contrib import admin
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

import backlog.urls
from intraday import console
from intraday.channels import CHANNELS
from intraday.intake.views import FeedsView
from realtime.views import EventStreamView

urlpatterns = [
    path("", console.page),
    path("healthz", console.healthz),
    path("readyz", console.readyz),
    path("admin/", admin.site.urls),
    path("api/schedulesbacklog/", include(backlog.urls.ingest)),
    path("api/intraday/backlog/", include("backlog.urls")),
    path("api/intraday/attendance/", include("attendance.urls")),
    path("api/intraday/kpi/", include("kpi.urls")),
    path("api/intraday/feeds", FeedsView.as_view()),
    path("api/ws/sse", EventStreamView.as_view(channels=CHANNELS)),
    path("api/ws/", include("realtime.urls")),
    path("api/schema", SpectacularAPIView.as_view(), name="schema"),
    path("asyncapi.json", console.events_document),
    path("api/docs", SpectacularSwaggerView.as_view(url_name="schema")),
]
handler400 = "intraday.rest.errors.bad_request"
handler404 = "intraday.rest.errors.not_found"
handler500 = "intraday.rest.errors.server_error"
