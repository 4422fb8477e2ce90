"""Work in the background of a process, off the way of the answers that ask for it."""
