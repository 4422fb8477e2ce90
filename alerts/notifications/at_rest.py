"""Keep the secrets of channels encrypted with the present key, also those that older processes store in plain."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet

from alerts.notifications import kinds
from alerts.notifications.models import Channel
from intraday.encryption.at_rest import UnreadableError, renewed

SEALED = ("sealed_address", "sealed_secret", "sealed_former_secret")
COLUMNS = ("plain_address", "plain_secret", *SEALED)
PLAIN_FOR = timedelta(days=1)
"""The time for which values of an older version stay plain, so that its processes can read them during an upgrade."""


@dataclass
class Outcome:
    """The number of channels that were encrypted anew, and the names of unreadable ones."""

    changed: int = 0
    unreadable: list[str] = field(default_factory=list)


def keep(*, now: datetime) -> int:
    """Encrypt what has been plain for a day, and forget former secrets after their time; return how many rows."""
    over = Channel.objects.filter(former_until__lte=now)
    forgotten = over.update(sealed_former_secret="", former_until=None)
    return forgotten + _encrypt(_plain().filter(plain_since__lte=now - PLAIN_FOR)).changed


def encrypt_all() -> Outcome:
    """Encrypt every secret with the present key, whatever it was encrypted with, or was not."""
    return _encrypt(Channel.objects.all())


def _plain() -> QuerySet[Channel]:
    addresses = Q(~Q(kind=kinds.MAIL), ~Q(plain_address=""))
    return Channel.objects.filter(addresses | ~Q(plain_secret=""))


def _encrypt(rows: QuerySet[Channel]) -> Outcome:
    outcome = Outcome()
    for pk in list(rows.order_by("pk").values_list("pk", flat=True)):
        _encrypt_row(pk, outcome)
    return outcome


@transaction.atomic
def _encrypt_row(pk: int, outcome: Outcome) -> None:
    channel = Channel.objects.select_for_update().filter(pk=pk).first()
    if channel is None:
        return
    before = [getattr(channel, name) for name in COLUMNS]
    if channel.plain_address:
        channel.address = channel.plain_address  # a mailbox stays plain
    if channel.plain_secret:
        channel.secret = channel.plain_secret
    readable = {name: _encrypt_column(channel, name) for name in SEALED}
    if not all(readable.values()):
        outcome.unreadable.append(f"{channel.organization_id}: {channel}")
    if before != [getattr(channel, name) for name in COLUMNS]:
        channel.save(update_fields=COLUMNS)
        outcome.changed += 1


def _encrypt_column(channel: Channel, name: str) -> bool:
    """Encrypt a column with the present key; return whether it can be read."""
    try:
        setattr(channel, name, renewed(getattr(channel, name)))
    except UnreadableError:
        return False
    return True
