"""The connections to PostgreSQL and Redis: what their URLs mean, how long they wait, how they are given up."""


class UrlError(ValueError):
    """A connection URL cannot be read; the message says why, and never holds its password."""


ENCODE = "Percent-encode @ : / ? # % in user and password (%40 %3A %2F %3F %23 %25)."
