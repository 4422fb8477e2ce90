"""Judgement: rules, their evaluation, the life of an alert."""
