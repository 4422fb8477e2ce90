"""The audit trail: who changed or opened what, from where. Entries are added and purged, never changed."""
