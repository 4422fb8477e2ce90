"""The database engine of the embedded run, whose threads write in the order in which they came."""
