"""Links of wall boards: one scope, read only, no names, until they are revoked."""

import secrets
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from intraday.audit import services as audit
from intraday.org import access
from intraday.org.access import Principal, Wall
from intraday.org.credentials import tokens
from intraday.org.models import Organization, WallBoard
from intraday.org.services import access_changed, key_digest


def create(*, organization: Organization, department_id: str, name: str, created_by: str) -> tuple[WallBoard, str]:
    """A new board and the secret of its link, which is shown this once."""
    secret = secrets.token_urlsafe(32)
    board = WallBoard(
        organization=organization,
        department_id=department_id,
        name=name,
        created_by=created_by,
        digest=key_digest(secret),
    )
    board.full_clean()
    with transaction.atomic():
        board.save()
        shown = {"name": name, "department_id": department_id}
        audit.record("wall.created", organization_id=organization.id, target=name, after=shown)
    return board, secret


@transaction.atomic
def revoke(boards: QuerySet[WallBoard], *, now: datetime) -> int:
    """Revoke them and return how many were still in force; their sockets close within seconds."""
    organizations = set(boards.values_list("organization_id", flat=True))
    for board in boards.filter(revoked_at=None):
        audit.record("wall.revoked", organization_id=board.organization_id, target=board.name)
    changed = boards.filter(revoked_at=None).update(revoked_at=now)
    access_changed(organizations)
    return changed


def hanging(organization: Organization) -> QuerySet[WallBoard]:
    """The boards whose links are in force."""
    return WallBoard.objects.filter(organization=organization, revoked_at=None)


def opened_by(secret: str, *, now: datetime) -> Principal | None:
    """Return the principal of this link, valid as long as a token; None if the link does not exist or was revoked."""
    board = WallBoard.objects.filter(digest=key_digest(secret), revoked_at=None).only("pk").first()
    return None if board is None else access.by_credential(Wall(board.pk, now.replace(microsecond=0) + tokens.LONGEST))


def token_of(principal: Principal) -> str:
    assert isinstance(principal.credential, Wall)
    return tokens.sign(principal.credential)
