"""The organization tree and who may see what of it."""
