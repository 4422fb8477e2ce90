"""Modules of the server that the package shares; made by `make types`."""
