from django.urls import path

from alerts import rule_views, views

urlpatterns = [
    path("", views.AlertsView.as_view()),
    path("/evaluate", views.EvaluateView.as_view()),
    path("/acknowledge", views.AcknowledgeManyView.as_view()),
    path("/metrics", rule_views.MetricsView.as_view()),
    path("/rules", rule_views.RulesView.as_view()),
    path("/rules/preview", rule_views.PreviewView.as_view()),
    path("/rules/<uuid:rule_id>", rule_views.RuleView.as_view()),
    path("/silences", rule_views.SilencesView.as_view()),
    path("/silences/<uuid:silence_id>", rule_views.SilenceView.as_view()),
    path("/<uuid:alert_id>", views.AlertView.as_view()),
    path("/<uuid:alert_id>/acknowledge", views.AcknowledgeView.as_view()),
    path("/<uuid:alert_id>/resolve", views.ResolveView.as_view()),
    path("/<uuid:alert_id>/snooze", views.SnoozeView.as_view()),
    path("/<uuid:alert_id>/unsnooze", views.UnsnoozeView.as_view()),
]
