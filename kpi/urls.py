from django.urls import path

from kpi import views

urlpatterns = [
    path("ingest", views.IngestView.as_view()),
    path("batch-ingest", views.BatchIngestView.as_view()),
    path("compute", views.ComputeView.as_view()),
    path("current", views.CurrentView.as_view()),
    path("history", views.HistoryView.as_view()),
    path("intervals", views.IntervalsView.as_view()),
    path("what-if", views.WhatIfView.as_view()),
    path("suggestions", views.SuggestionsView.as_view()),
    path("volume-confirmation", views.VolumeConfirmationView.as_view()),
    path("forecast/batch-ingest", views.ForecastBatchIngestView.as_view()),
]
