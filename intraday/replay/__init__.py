"""A recorded log, posted through the public API as the system that recorded it would have done."""
