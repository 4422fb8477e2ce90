from django.urls import path

from attendance import views

urlpatterns = [
    path("ingest", views.IngestView.as_view()),
    path("batch-ingest", views.BatchIngestView.as_view()),
    path("shifts/batch-ingest", views.ShiftsView.as_view()),
    path("states/batch-ingest", views.StatesView.as_view()),
    path("states", views.PersonDayView.as_view()),
    path("by-state", views.ByStateView.as_view()),
    path("adherence", views.AdherenceView.as_view()),
    path("current", views.CurrentView.as_view()),
    path("history", views.HistoryView.as_view()),
    path("people", views.PeopleView.as_view()),
]
