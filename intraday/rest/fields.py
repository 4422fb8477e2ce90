from datetime import UTC, date, datetime, timedelta
from typing import Any, NoReturn
from uuid import UUID

from django.utils.dateparse import parse_datetime
from rest_framework import serializers

from intraday.values.calendar import EARLIEST, LATEST_YEAR, is_taken
from intraday.values.names import LONGEST_NAME, is_printable, normalized
from intraday.values.numerals import advice, is_ambiguous

AHEAD = timedelta(seconds=60)
MOST_AHEAD = 14 * 60  # minutes by which a wrong zone can be ahead
QUOTED = 64  # characters of a wrong value, in its error


class WholeField(serializers.IntegerField):
    """A whole number; text such as "1.000", which may be a thousand, is refused rather than read as 1."""

    def to_internal_value(self, data: Any) -> int:
        _check_unambiguous(data)
        return super().to_internal_value(data)


def _check_unambiguous(data: Any) -> None:
    if isinstance(data, str) and is_ambiguous(data):
        raise serializers.ValidationError(advice(data), code="ambiguous")


class IdField(serializers.UUIDField):
    """An id of ours, as text: DRF alone also reads true and whole numbers as ids."""

    def to_internal_value(self, data: Any) -> UUID:
        if not isinstance(data, str | UUID):
            self.fail("invalid")
        return super().to_internal_value(data)


class FiniteField(serializers.FloatField):
    """A number; text such as "NaN" or "inf", which Python would read as one, is not, nor is true, nor "1.000"."""

    def to_internal_value(self, data: Any) -> float:
        if isinstance(data, bool):
            self.fail("invalid")
        _check_unambiguous(data)
        value = super().to_internal_value(data)
        if value - value != 0.0:  # NaN and both infinities
            self.fail("invalid")
        return value


class ShortListField(serializers.ListField):
    """A list with `max_length`, which is checked before the items are: DRF checks each item of any list first."""

    def to_internal_value(self, data: Any) -> list[Any]:
        if isinstance(data, list) and self.max_length is not None and len(data) > self.max_length:
            self.fail("max_length", max_length=self.max_length)
        found: list[Any] = super().to_internal_value(data)
        return found


class _NameField(serializers.CharField):
    """A name in Unicode form NFC: two spellings of one name are one."""

    def to_internal_value(self, data: Any) -> str:
        name = super().to_internal_value(data)
        if len(name) > LONGEST_NAME:
            self.fail("max_length", max_length=self.max_length)
        return normalized(name)


class PrintableField(_NameField):
    """A name that a person can read and type again."""

    default_error_messages = {"unprintable": "Expected printable characters: one of these is invisible."}

    def to_internal_value(self, data: Any) -> str:
        name = super().to_internal_value(data)
        if not is_printable(name):
            self.fail("unprintable")
        return name


BLANK_QUEUE = "Blank: name the queue. A row for a department or the organization has no queue_name at all."


class QueueNameField(_NameField):
    """The name of a queue; blanks at its ends are kept, so that they are refused."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_length": 128, "trim_whitespace": False, **kwargs})


class _ListsChoices(serializers.Field):
    """Says in its error which choices there are."""

    default_error_messages = {"invalid_choice": "'{input}' is none of {choices}."}

    def fail(self, key: str, **kwargs: Any) -> NoReturn:
        if key == "invalid_choice":
            choices = ", ".join(str(choice) for choice in self.choices)  # type: ignore[attr-defined]
            kwargs |= {"input": str(kwargs["input"])[:QUOTED], "choices": choices}
        super().fail(key, **kwargs)


class ChoiceField(_ListsChoices, serializers.ChoiceField):
    pass


class MultipleChoiceField(_ListsChoices, serializers.MultipleChoiceField):
    pass


class DayField(serializers.DateField):
    """A day of the calendar."""

    def to_internal_value(self, value: Any) -> date:
        day = super().to_internal_value(value)
        if not is_taken(day):
            raise serializers.ValidationError(f"A day of the years {EARLIEST.year} to {LATEST_YEAR}.")
        return day


class InstantField(serializers.DateTimeField):
    """An instant: ISO 8601 with a zone; one without could mean any of 38 instants."""

    default_error_messages = {
        "invalid": "Expected an instant such as 2026-01-31T10:00:00Z.",
        "zone": "The zone is missing: end with Z or an offset such as +02:00.",
        "early": "The instant lies before 1990: expected a later one.",
        "late": f"The instant lies after {LATEST_YEAR}: expected an earlier one.",
    }

    def to_internal_value(self, value: Any) -> datetime:
        instant = self._parsed(value)
        if instant.tzinfo is None:
            raise self._error("zone")
        if instant < EARLIEST:
            raise self._error("early")
        if instant.year > LATEST_YEAR:
            raise self._error("late")
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


class CursorField(serializers.CharField):
    """`next` of the page before. Subclasses parse it."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=100, **kwargs)

    def parse(self, text: str) -> Any:
        """Raises ValueError, LookupError or ValidationError for what no page said."""
        raise NotImplementedError

    def to_internal_value(self, data: Any) -> Any:
        try:
            return self.parse(str(super().to_internal_value(data)))
        except (ValueError, LookupError, serializers.ValidationError):
            raise serializers.ValidationError("This is not the `next` of a page.") from None


def check_not_ahead(name: str, instant: datetime, now: datetime) -> None:
    """Refuse what has not happened yet, beyond what differing clocks explain."""
    if instant > now + AHEAD:
        minutes = round((instant - now) / timedelta(minutes=1))
        hint = f" It is {minutes} min ahead: is the zone right?" if 25 <= minutes <= MOST_AHEAD else ""
        raise serializers.ValidationError({name: [f"More than {AHEAD.seconds} s in the future.{hint}"]})
