"""Arguments of commands: the named organization, lines of standard input, and forms of the admin that they fill in."""

import sys
from typing import Any

from django.core.management.base import CommandError
from django.forms import ModelForm

from intraday.org.models import Organization

STANDARD_INPUT = "-"


def organization_of(name: str) -> Organization:
    """Raises CommandError."""
    organization = Organization.objects.filter(id=name).first()
    if organization is None:
        raise CommandError(f"There is no organization '{name}': `manage.py bootstrap` makes one.")
    return organization


def line_or_text(text: str) -> str:
    """Return the argument, or a line of standard input for '-': arguments are seen in lists of processes."""
    return sys.stdin.readline().strip() if text == STANDARD_INPUT else text


def checked(form: ModelForm) -> Any:
    """Return the row of a form that was filled in. Raises CommandError, by field."""
    if not form.is_valid():
        said = [f"{name}: {' '.join(map(str, errors))}" for name, errors in form.errors.items()]
        raise CommandError("Nothing was changed. " + "; ".join(said))
    return form.instance
