"""What each feed delivers: when, how often, how much of it good."""
