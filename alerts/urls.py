from django.urls import path

from alerts import owner_views, views

urlpatterns = [
    path("", views.AlertsView.as_view()),
    path("/evaluate", views.EvaluateView.as_view()),
    path("/acknowledge", views.AcknowledgeManyView.as_view()),
    path("/metrics", owner_views.MetricsView.as_view()),
    path("/rules", owner_views.RulesView.as_view()),
    path("/rules/preview", owner_views.PreviewView.as_view()),
    path("/rules/<uuid:rule_id>", owner_views.RuleView.as_view()),
    path("/silences", owner_views.SilencesView.as_view()),
    path("/silences/<uuid:silence_id>", owner_views.SilenceView.as_view()),
    path("/<uuid:alert_id>", views.AlertView.as_view()),
    path("/<uuid:alert_id>/acknowledge", views.AcknowledgeView.as_view()),
    path("/<uuid:alert_id>/resolve", views.ResolveView.as_view()),
    path("/<uuid:alert_id>/snooze", views.SnoozeView.as_view()),
]
