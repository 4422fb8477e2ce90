"""The fan-out: streams, rings, audiences and connections; all of it runs on the event loop, without a query."""
