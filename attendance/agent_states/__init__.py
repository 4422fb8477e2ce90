"""States of agents, and their adherence to the published schedule."""
