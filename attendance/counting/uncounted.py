"""Posts that the figures do not count yet: each leaves a note in its own transaction, the next count removes it."""

from collections.abc import Collection, Sequence
from datetime import datetime

from attendance.models import UncountedPost
from intraday.database import single_row
from intraday.org.models import Scope

_AT_ONCE = 1_000


def note(scopes: Collection[Scope], *, at: datetime | None) -> None:
    """Note a post to these scopes. Notes are only added, so that posts do not wait for each other here."""
    notes = [UncountedPost(scope=scope, at=at) for scope in scopes]
    if len(notes) == 1:
        single_row.insert(notes[0])
    else:
        UncountedPost.objects.bulk_create(notes)


def is_any(organization_id: str) -> bool:
    return UncountedPost.objects.filter(scope__organization=organization_id).exists()


def load(organization_id: str) -> list[UncountedPost]:
    """Read the notes, before anything that they announce."""
    return list(UncountedPost.objects.filter(scope__organization=organization_id))


def remove(notes: Sequence[UncountedPost]) -> None:
    for start in range(0, len(notes), _AT_ONCE):
        UncountedPost.objects.filter(pk__in=[each.pk for each in notes[start : start + _AT_ONCE]]).delete()
