"""What clients say they are, believed together: a storm of connections costs a few queries, not some for each."""

from collections.abc import Collection
from typing import NamedTuple

from intraday.org import access, tokens
from intraday.org.access import Credential, Demo, Member, Principal, Refused
from intraday.org.services import KEY_PREFIX
from realtime.protocol.messages import Authenticate


class Said(NamedTuple):
    """What a client says, and the session of its browser ('' without one)."""

    claim: Authenticate
    session: str

    @property
    def key(self) -> str:
        """The API key that it shows, if it shows one."""
        token = self.claim.token or ""
        return token if token.startswith(KEY_PREFIX) else ""

    @property
    def by_session(self) -> bool:
        demo = self.claim.user_id is not None and self.claim.organization_id is not None
        return bool(self.session) and self.claim.token is None and not demo


def believe(said: Collection[Said]) -> dict[Said, Principal | None]:
    """Whom each of them is, asked now: a fixed number of queries, however many they are."""
    keys = access.by_api_keys({each.key for each in said if each.key})
    members = _members([each for each in said if each.by_session])
    credentials = {each: members.get(each) if each.by_session else _credential(each) for each in said}
    believed = access.believe({each for each in credentials.values() if each is not None})
    return {each: keys.get(each.key) if each.key else _principal(credentials[each], believed) for each in said}


def _principal(credential: Credential | None, believed: dict[Credential, Principal | Refused]) -> Principal | None:
    found = None if credential is None else believed[credential]
    return None if isinstance(found, Refused) else found


def _credential(said: Said) -> Credential | None:
    claim = said.claim
    if claim.token is not None:
        return None if said.key else tokens.read(claim.token)
    if claim.user_id is not None and claim.organization_id == access.DEMO_ORGANIZATION:
        return Demo(claim.user_id)
    return None


def _members(said: list[Said]) -> dict[Said, Member]:
    """Signed-in people, in the organization that they name or in their only one."""
    if not said:
        return {}
    people = access.by_sessions({each.session for each in said})
    organizations = access.organizations_of_each(people.values())
    found = {}
    for each in said:
        if (user := people.get(each.session)) is not None:
            theirs = organizations[user.pk]
            only = theirs[0] if len(theirs) == 1 else ""
            found[each] = Member(user.pk, each.claim.organization_id or only, access.stamp(user), each.session)
    return found
