"""The way of a figure: inputs -> measured -> totals -> figure -> state. Pure: no database, no clock."""
