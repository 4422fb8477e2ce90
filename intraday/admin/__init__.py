"""Base classes for the admin pages of the apps."""
