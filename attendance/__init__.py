"""Facts: shifts, check-ins, who is present."""
