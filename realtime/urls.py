from django.urls import path

from realtime import views

urlpatterns = [
    path("stats", views.StatsView.as_view()),
    path("connections", views.ConnectionsView.as_view()),
    path("rooms", views.RoomsView.as_view()),
]
