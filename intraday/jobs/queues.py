"""The queues of Celery. A worker takes from all of its queues in turns, so that a long round starves nobody."""

ROUNDS = "rounds"
NOTIFICATIONS = "notifications"
DIRTY = "dirty"
FULL = "full"
UPKEEP = "celery"
"""Jobs without haste, and all jobs of a beat of an older version, which knows no other queue."""
NAMES = (ROUNDS, NOTIFICATIONS, DIRTY, FULL, UPKEEP)
