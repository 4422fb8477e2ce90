"""Feeds that read what other systems write: `python -m intraday_client feed CONFIG`."""
