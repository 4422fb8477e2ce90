"""Store what feeds say of intervals, and warn of what they can hardly mean."""
