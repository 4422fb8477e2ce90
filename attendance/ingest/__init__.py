"""Classify and store what feeds report: people, attendance records and shifts."""
