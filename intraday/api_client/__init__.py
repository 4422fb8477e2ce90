"""Clients of the public API: posting rows and listening to the socket. They know no model and no setting."""
