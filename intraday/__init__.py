"""Composition root of the intraday console backend."""
