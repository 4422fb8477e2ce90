"""Faults really caused on a production layout, and what they cost: `make faults`, and for one long hour `make soak`."""
