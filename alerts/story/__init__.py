"""The day of a scope as a story: what changed, who did what, who was told, and what to hand over."""
