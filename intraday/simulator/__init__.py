"""A made-up day of a contact centre, posted through the public API."""
