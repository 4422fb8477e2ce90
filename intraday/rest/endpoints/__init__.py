"""Endpoints that belong to no domain: tokens, wall boards, the audit log."""
