"""Shared parts of REST views: errors, credentials, batches, pages."""
