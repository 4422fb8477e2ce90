"""The audit log: who changed or opened what, from where. Entries are added and purged, never changed."""
