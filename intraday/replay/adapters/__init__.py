"""Logs of known systems: one module for each, and the parts that several of them use."""
