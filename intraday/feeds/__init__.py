"""Feeding and watching from outside: clients of the public API. Nothing in here imports a model or reads settings."""
