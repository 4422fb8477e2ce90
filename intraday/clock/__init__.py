"""The time that all processes go by."""
