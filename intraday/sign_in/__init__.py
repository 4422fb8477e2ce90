"""How people prove who they are: bounded password hashing, limits, second factors, sign-in by a provider, sessions."""
