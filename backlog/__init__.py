"""Facts: the work that waits, per queue, department and organization."""
