"""The log: its format, the line of each request, and the ids that tie lines together."""
