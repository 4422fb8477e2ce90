"""Deeds of people for a queue in trouble: noted, told to others, and measured afterwards."""
