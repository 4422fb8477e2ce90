"""Steps of an ingest: classify posted rows, derive their figures, add up days, roll up the levels above."""
