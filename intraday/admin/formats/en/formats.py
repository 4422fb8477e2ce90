"""Dates as 2026-01-31 and times of 24 hours, in place of Django's own "Jan. 31, 2026, 1:30 p.m."."""

DATE_FORMAT = SHORT_DATE_FORMAT = "Y-m-d"
TIME_FORMAT = "H:i"
DATETIME_FORMAT = SHORT_DATETIME_FORMAT = "Y-m-d H:i"
FIRST_DAY_OF_WEEK = 1
