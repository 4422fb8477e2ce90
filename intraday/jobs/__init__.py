"""Shared parts of periodic jobs: marks on changed scopes, leases, records of runs."""
