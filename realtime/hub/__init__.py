"""The hub of a server process: subscriptions, their starts and repairs, and the access of connections."""
