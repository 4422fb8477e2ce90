"""The vocabulary of the wire: rooms, messages, events, the channels table and the documents made of them."""
