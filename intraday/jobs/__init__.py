"""What periodic jobs share: which scopes changed, and who is at work on what."""
