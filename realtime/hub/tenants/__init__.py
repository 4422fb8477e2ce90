"""Organizations beside each other: how many connections each has, and whose turn it is for a thread."""
