"""Load the inputs of figures and of days from the database, as plain values."""
