"""Convert instants to microseconds since 1970 and back. Pure."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_microseconds(instant: datetime) -> int:
    return (instant - _EPOCH) // _MICROSECOND


def to_instant(microseconds: int) -> datetime:
    return _EPOCH + microseconds * _MICROSECOND
