"""Derived figures: utilization, headcount gap, SLA risk, health score."""
