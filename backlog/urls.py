from django.urls import path

from backlog import views

ingest = [
    path("ingest", views.IngestView.as_view()),
    path("batch-ingest", views.BatchIngestView.as_view()),
]
urlpatterns = [
    *ingest,
    path("current", views.CurrentView.as_view()),
    path("history", views.HistoryView.as_view()),
]
