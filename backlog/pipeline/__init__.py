"""Steps from posted rows to figures: classify rows, derive their figures, add up days, roll up the levels above."""
