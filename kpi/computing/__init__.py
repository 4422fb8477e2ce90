"""Runs: work figures out, remember the newest, store and publish."""
