"""The transports: WebSocket and event streams over ASGI, the server protocol and shutdown."""
