"""Rows that are edited on the page of the object that they belong to."""

from typing import Any

from django.forms import BaseInlineFormSet

NEW_ROWS = 50


class BoundedFormSet(BaseInlineFormSet):
    """Takes the rows that there are and 50 new ones at most. A request says itself how many it holds, and each is drawn
    again where one is refused: the 2,000 that Django takes are five seconds of a core."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.max_num = self.absolute_max = self.get_queryset().count() + NEW_ROWS
