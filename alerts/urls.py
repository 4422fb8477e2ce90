from django.urls import path

from alerts import views

urlpatterns = [
    path("", views.AlertsView.as_view()),
    path("/evaluate", views.EvaluateView.as_view()),
    path("/acknowledge", views.AcknowledgeManyView.as_view()),
    path("/<uuid:alert_id>", views.AlertView.as_view()),
    path("/<uuid:alert_id>/acknowledge", views.AcknowledgeView.as_view()),
    path("/<uuid:alert_id>/resolve", views.ResolveView.as_view()),
    path("/<uuid:alert_id>/snooze", views.SnoozeView.as_view()),
]
