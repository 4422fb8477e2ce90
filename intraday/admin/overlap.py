"""The choice, beside the actions of a list, of how long a former secret holds on beside the new one."""

from datetime import timedelta

from django import forms
from django.contrib.admin.helpers import ActionForm
from django.http import HttpRequest

DEFAULT = "7"
DAYS = {"0": "not at all", "1": "1 day", DEFAULT: "7 days", "30": "30 days", "90": "90 days"}


class OverlapActionForm(ActionForm):
    overlap_days = forms.ChoiceField(
        choices=list(DAYS.items()), initial=DEFAULT, required=False, label="What is replaced holds on for"
    )


def overlap_of(request: HttpRequest) -> timedelta:
    """Return the overlap that was chosen; 7 days where none was."""
    chosen = request.POST.get("overlap_days", DEFAULT)
    return timedelta(days=int(chosen if chosen in DAYS else DEFAULT))
