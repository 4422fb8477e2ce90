"""Evaluate the rules of an organization, and carry the outcome into its alerts."""
