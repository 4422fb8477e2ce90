"""What beat starts: rounds over organizations, each of which calls the services in the order of causes."""
