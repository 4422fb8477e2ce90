"""Secrets at rest: encrypted with keys that come from SECRET_KEY."""
