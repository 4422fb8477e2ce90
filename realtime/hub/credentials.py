"""Authenticate clients in batches: a storm of connections costs a few queries, not some for each."""

from collections.abc import Collection
from typing import NamedTuple

from intraday.org import access
from intraday.org.access import Credential, Demo, Member, Principal, Refused
from intraday.org.credentials import tokens
from intraday.org.services import KEY_PREFIX
from realtime.protocol.messages import Authenticate


class Login(NamedTuple):
    """The `authenticate` message of a client, and the session of its browser ('' without one)."""

    message: Authenticate
    session: str

    @property
    def key(self) -> str:
        """The API key among its credentials; '' without one."""
        token = self.message.token or ""
        return token if token.startswith(KEY_PREFIX) else ""

    @property
    def by_session(self) -> bool:
        demo = self.message.user_id is not None and self.message.organization_id is not None
        return bool(self.session) and self.message.token is None and not demo


def authenticate(logins: Collection[Login]) -> dict[Login, Principal | Refused]:
    """Return the caller behind each login, or why it is refused. The number of queries is fixed."""
    keys = access.by_api_keys({each.key for each in logins if each.key})
    members = _members([each for each in logins if each.by_session])
    credentials = {each: members.get(each) if each.by_session else _credential(each) for each in logins}
    principals = access.authenticate({each for each in credentials.values() if each is not None})
    return {
        each: keys.get(each.key, Refused.SIGN_IN) if each.key else _found(credentials[each], principals)
        for each in logins
    }


def _found(credential: Credential | None, principals: dict[Credential, Principal | Refused]) -> Principal | Refused:
    return Refused.SIGN_IN if credential is None else principals[credential]


def _credential(login: Login) -> Credential | None:
    message = login.message
    if message.token is not None:
        return None if login.key else tokens.read(message.token)
    if message.user_id is not None and message.organization_id == access.DEMO_ORGANIZATION:
        return Demo(message.user_id)
    return None


def _members(logins: list[Login]) -> dict[Login, Member]:
    """Return signed-in people, in the organization that they name or in their only one."""
    if not logins:
        return {}
    people = access.by_sessions({each.session for each in logins})
    organizations = access.organizations_of_each(people.values())
    found = {}
    for each in logins:
        if (user := people.get(each.session)) is not None:
            theirs = organizations[user.pk]
            only = theirs[0] if len(theirs) == 1 else ""
            found[each] = Member(user.pk, each.message.organization_id or only, access.stamp(user), each.session)
    return found
