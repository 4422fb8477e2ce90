"""Pages that people and other programs open outside the REST API: console, sign-in, runbook, documents, health."""
