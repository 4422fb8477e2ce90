"""The event log: publish in the transaction of the data, store, read, and send to the channel layer."""
