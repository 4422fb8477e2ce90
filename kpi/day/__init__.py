"""A local day by its intervals, and the running interval as it could be. Pure."""
