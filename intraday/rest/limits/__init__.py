"""Limits of calls: of credentials, and of organizations by rows, bytes, events and computes."""
