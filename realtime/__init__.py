"""Transport: streams, the event log, the hub, sockets. Knows no domain."""
