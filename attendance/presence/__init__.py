"""Presence of people: the periods of their statuses and shifts, headcounts of an instant, check-ins and check-outs."""
