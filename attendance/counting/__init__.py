"""The figures of scopes: which posts they do not count yet, whose turn it is to count, and how that is done."""
