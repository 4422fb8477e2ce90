"""Signed tokens: a credential for a quarter of an hour, for browsers on other origins and customers' own users.

A token says which membership or key it stands for, not what that may do: a member's token does what the membership
allows when it is used. What a key vouches for (user, role, departments) is in the token, and falls with the key.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.core import signing

from intraday.clock.database import clock
from intraday.org.access import Credential, Issued, Member, Wall

LONGEST = timedelta(minutes=15)
_SALT = "intraday.token.1"  # another number when the claims change


def sign(credential: Member | Issued | Wall) -> str:
    assert credential.expires_at is not None
    claims: dict[str, Any] = {"exp": int(credential.expires_at.timestamp())}
    if isinstance(credential, Member):
        claims |= {"user": credential.user, "org": credential.organization, "stamp": credential.stamp}
    elif isinstance(credential, Wall):
        claims |= {"wall": credential.board}
    else:
        departments = None if credential.departments is None else sorted(credential.departments)
        claims |= {"key": credential.key, "id": credential.user_id, "role": credential.role, "depts": departments}
    return signing.dumps(claims, salt=_SALT)


def read(token: str) -> Credential | None:
    """Return the credential of the token; None if it is no token of ours or has expired.

    Revocation is checked elsewhere.
    """
    try:
        claims = signing.loads(token, salt=_SALT)
    except signing.BadSignature:
        return None
    expires_at = datetime.fromtimestamp(claims["exp"], UTC)
    if expires_at <= clock.now():  # not by the age of the signature: the clock of the host that signed may be wrong
        return None
    if "user" in claims:
        return Member(claims["user"], claims["org"], claims["stamp"], expires_at=expires_at)
    if "wall" in claims:
        return Wall(claims["wall"], expires_at)
    departments = None if claims["depts"] is None else frozenset(claims["depts"])
    return Issued(claims["key"], claims["id"], claims["role"], departments, expires_at)
