"""Telling people: from the outbox of alerts to mailboxes and webhooks."""
