"""Sign-in of people: bounded password hashing, limits, second factors, sign-in by a provider, sessions."""
