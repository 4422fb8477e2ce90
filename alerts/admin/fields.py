"""Form fields of rules: spans of time, hours of the week, metrics, places, recipients. Nobody types JSON."""

import re
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from django import forms

from alerts.choices import SOURCES
from alerts.notifications import recipients
from alerts.rules import catalogue, messages
from intraday.org.models import Department, Organization, Queue
from intraday.values import weekly_hours
from intraday.values.numerals import advice, is_ambiguous

Groups = list[tuple[str, list[tuple[str, str]]]]
UNITS = {"s": 1, "sec": 1, "min": 60, "m": 60, "h": 3_600, "d": 86_400, "": 1}


LONGEST_TEXT = 64  # characters of a span or a value
LONGEST_HOURS = 2_000  # characters of the hours of a week


class _Bounded(forms.CharField):
    """Text whose length is checked before it is read: reading it may cost more than its length suggests."""

    longest = LONGEST_TEXT

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value) or ""
        if len(text) > self.longest:
            raise forms.ValidationError(f"At most {self.longest} characters; these are {len(text)}.")
        return text.strip()


class SpanField(_Bounded):
    """'10 min', '90 s', '2 h', '1 h 30 min' or plain seconds, to seconds."""

    widget = forms.TextInput(attrs={"class": "vTextField", "placeholder": "10 min"})

    def prepare_value(self, value: Any) -> Any:
        return messages.format_span(value) if isinstance(value, int) else value

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value).lower()
        if not text:
            return None
        if not re.fullmatch(r"[0-9]+|([0-9]+\s*(s|sec|min|m|h|d)\s*)+", text):
            raise forms.ValidationError(
                "A span of time, such as 10 min, 90 s or 1 h 30 min: whole numbers without separators, each with its "
                f"unit; not '{text[:64]}'."
            )
        return sum(int(number) * UNITS[unit] for number, unit in re.findall(r"(\d+)\s*([a-z]*)", text))


class HoursField(_Bounded):
    """Lines such as 'mon-fri 08:00-18:00' or 'sat,sun 22:00-06:00', to windows of the week."""

    widget = forms.Textarea(attrs={"rows": 3, "cols": 40, "placeholder": "mon-fri 08:00-18:00"})
    longest = LONGEST_HOURS

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(map(_spell, value)) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        try:
            lines = weekly_hours.lines(super().to_python(value))
        except ValueError as error:
            raise forms.ValidationError(str(error)) from error
        return [_window(line.days, span) for line in lines for span in line.spans]


def _spell(window: dict[str, Any]) -> str:
    return f"{','.join(window['days'])} {window['start']}-{window['end']}"


def _window(days: Sequence[int], span: weekly_hours.Span) -> dict[str, Any]:
    """Return a window as rules are stored with it; a day that ends at 24:00 ends at the midnight of the next one."""
    named = list(dict.fromkeys(weekly_hours.DAYS[day] for day in days))
    return {"days": named, "start": _clock(span.start), "end": _clock(span.end % weekly_hours.DAY_MINUTES)}


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


class ValueField(_Bounded):
    """A number, or a word."""

    def prepare_value(self, value: Any) -> Any:
        return f"{value:g}" if isinstance(value, float) else value

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        if not text:
            return None
        if is_ambiguous(text):
            raise forms.ValidationError(advice(text))
        if re.fullmatch(r"[+-]?[0-9]+([.,][0-9]*)?", text):
            number = float(text.replace(",", "."))
            return int(number) if number.is_integer() else number
        if re.match(r"[+-]?[.,]?[0-9]", text):
            raise forms.ValidationError(f"'{text[:64]}' is not a number such as 1000 or 87.5.")
        return text.replace(" ", "_")


def metric_choices() -> Groups:
    """All metrics by what they are about, each with its unit or its words."""
    groups: dict[str, list[tuple[str, str]]] = {source: [] for source in SOURCES}
    for metric in catalogue.CATALOGUE.values():
        means = " | ".join(metric.values) or metric.unit
        groups[metric.source].append((f"{metric.source}:{metric.path}", f"{metric.label} ({means})"))
    return list(groups.items())


def offer_places(form: forms.Form | forms.ModelForm, organizations: Collection[Organization]) -> None:
    """Offer the departments and the queues of these organizations in the fields of the form."""
    departments = Department.objects.filter(organization__in=organizations).order_by("code")
    queues = Queue.objects.filter(department__organization__in=organizations).order_by("name")
    names = choices("all departments", departments.values_list("code", flat=True))
    form.fields["department_id"].choices = names  # type: ignore[attr-defined]
    names = choices("all queues", queues.values_list("name", flat=True))
    form.fields["queue_name"].choices = names  # type: ignore[attr-defined]


def choices(empty: str, values: Iterable[str]) -> list[tuple[str, str]]:
    return [("", empty), *((value, value) for value in dict.fromkeys(values))]


def recipient_choices(organizations: Iterable[Organization], *present: str) -> list[Any]:
    """Return roles, channels and people of these organizations, and besides what stands there already."""
    groups: dict[str, list[str]] = {}
    for each in organizations:
        for group, names in recipients.possible_names(each):
            groups[group] = list(dict.fromkeys([*groups.get(group, []), *names]))
    offered = {name for names in groups.values() for name in names}
    groups["As it is"] = [name for name in present if name and name not in offered]
    return [("", "—"), *((group, [(name, name) for name in names]) for group, names in groups.items() if names)]
