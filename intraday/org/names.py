"""The names of people that a caller may see."""

from enum import IntEnum


class Names(IntEnum):
    """Each level shows what the levels below it show."""

    NONE = 0  # nobody: anybody may stand before a wall board
    IDS = 1  # employees by their ids
    COLLEAGUES = 2  # also the people of the console by name: who took an alert, and what they wrote
    FULL = 3  # also employees by name
