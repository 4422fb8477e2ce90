"""Facts: shifts, check-ins and the people who are present."""
