from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils.dateparse import parse_datetime
from rest_framework import serializers

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
AHEAD = timedelta(seconds=60)


class FiniteField(serializers.FloatField):
    """A number; text such as "NaN" or "inf", which Python would read as one, is not, nor is true."""

    def to_internal_value(self, data: Any) -> float:
        if isinstance(data, bool):
            self.fail("invalid")
        value = super().to_internal_value(data)
        if value - value != 0.0:  # NaN and both infinities
            self.fail("invalid")
        return value


class InstantField(serializers.DateTimeField):
    """An instant: ISO 8601 with a zone; one without could mean any of 38 instants."""

    default_error_messages = {
        "invalid": "Not an instant such as 2026-01-31T10:00:00Z.",
        "zone": "Say the zone: end with Z or an offset such as +02:00.",
        "early": "Before 1990: no such data is kept.",
    }

    def to_internal_value(self, value: Any) -> datetime:
        instant = self._parsed(value)
        if instant.tzinfo is None:
            raise self._error("zone")
        if instant < EARLIEST:
            raise self._error("early")
        return instant.astimezone(UTC)

    def _error(self, code: str) -> serializers.ValidationError:
        return serializers.ValidationError(self.error_messages[code], code=code)

    def _parsed(self, value: Any) -> datetime:
        try:
            parsed = parse_datetime(value) if isinstance(value, str) else None
            if parsed is not None:
                parsed.astimezone(UTC)  # year 1 or 9999 with an offset overflows
                return parsed
        except (ValueError, OverflowError):
            parsed = None
        raise self._error("invalid")


def check_not_ahead(name: str, instant: datetime, now: datetime) -> None:
    """Refuse what has not happened yet, beyond what differing clocks explain."""
    if instant > now + AHEAD:
        raise serializers.ValidationError({name: [f"More than {AHEAD.seconds} s in the future."]})
