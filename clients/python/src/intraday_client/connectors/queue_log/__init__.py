"""The queue_log of Asterisk and FreePBX as intervals, waiting calls and states of agents."""
