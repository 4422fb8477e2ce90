"""Purge failures to sign in that no limit counts any more."""

from datetime import datetime

from intraday.database import batches
from intraday.sign_in.limits import LONGEST
from intraday.sign_in.models import Failure


def purge(*, now: datetime) -> int:
    return batches.delete(Failure.objects.filter(at__lt=now - LONGEST))
