"""The admin: its site and base classes, which keep tenants apart, and the pages of organizations."""
