"""Facts: how much work waits, per queue, department and organization."""
