"""Purge every table after its time, erase a person, and delete an organization."""
