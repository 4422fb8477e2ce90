from django.urls import path

from intraday.rest.endpoints.tokens import TokenView
from realtime import views

urlpatterns = [
    path("stats", views.StatsView.as_view()),
    path("connections", views.ConnectionsView.as_view()),
    path("rooms", views.RoomsView.as_view()),
    path("notifications", views.NotificationsView.as_view()),
    path("events", views.EventsView.as_view()),
    path("token", TokenView.as_view()),
]
