"""The tenants of the starving bench: what they are called, have and do."""

BIG = "org_big"
BIG_SOCKETS = 600
BIG_QUEUES = 10_000
BATCH_ROWS = 1_000
BIG_FEEDS = 4  # that post at the same time
NEIGHBOURS = 3
NEIGHBOUR_QUEUES = 300
POSTS_PER_SECOND = 4  # of each neighbour; every second one breaches the rule of a queue that was well
BREACHING = 500
PASSWORD = "starving-bench-password"
RULE = {
    "name": "Too many waiting",
    "source": "backlog",
    "metric": "total_items",
    "operator": ">",
    "threshold": 100,
    "for_seconds": 0,
    "severity": "high",
    "evaluate_each": "queue",
}


def neighbour(number: int) -> str:
    return f"org_small_{number}"
