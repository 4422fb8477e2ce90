"""How long everything is kept, what goes with a person, and what goes with an organization."""
