"""Suggestions for queues in trouble, by the same model as their figures. Pure."""
