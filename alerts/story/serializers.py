"""The shape of questions about a day's story."""

from alerts.story.selectors import SOURCES, Cursor
from intraday.rest.fields import ChoiceField, CursorField, DayField, InstantField, WholeField
from intraday.rest.pages import MAX_LIMIT, ScopeQuery


class StoryCursorField(CursorField):
    def parse(self, text: str) -> Cursor:
        at, source, key = text.split("~")
        place = range(len(SOURCES))[int(source)]
        return Cursor(InstantField().to_internal_value(at), place, SOURCES[place].key.to_internal_value(key))


class StoryQuery(ScopeQuery):
    day = DayField(required=False, help_text="Of the organization's time zone; defaults to today.")
    cursor = StoryCursorField(required=False, help_text="`next` of the page before.")
    limit = WholeField(required=False, min_value=1, max_value=MAX_LIMIT, default=200)
    format = ChoiceField(
        required=False, choices=["json", "csv"], default="json", help_text="CSV has the whole day in one file."
    )
