"""Find recipients: roles, channels and persons, by the names that routes and escalation steps give them."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from alerts.choices import SEVERITIES, Transition
from alerts.models import Alert, Notification, Rule
from alerts.notifications import kinds
from alerts.notifications.models import Channel, Delivery, Route
from intraday.org.models import Membership, Organization, Role


@dataclass(frozen=True)
class Recipient:
    """A channel, or the mailbox of a person. `to` is the name that people know it by."""

    to: str
    channel: Channel | None = None
    mailbox: str = ""

    @property
    def key(self) -> tuple[int | None, str]:
        """Return the identity of the recipient: two with the same key are the same place."""
        return (self.channel.pk if self.channel else None, self.mailbox.lower())


def possible_names(organization: Organization) -> list[tuple[str, list[str]]]:
    """Return the values that `to` may have, in groups."""
    channels = organization.alert_channels.order_by("name").values_list("name", flat=True)
    people = organization.memberships.order_by("user__username").values_list("user__username", flat=True)
    return [("Roles", list(Role.values)), ("Channels", list(channels)), ("People", list(people))]


def of_notice(notice: Notification) -> list[Recipient]:
    """Return the recipients of a notification.

    A resolution goes to those who may have been notified before, an acknowledgement to those of them that hear it. An
    escalation goes to its own recipient, and to those of routes who were not notified while the alert was less severe.
    """
    alert = notice.alert
    if notice.transition == Transition.RESOLVED:
        return _notified(alert)
    if notice.transition == Transition.ACKNOWLEDGED:
        hearing = kinds.hearing_acknowledgements()
        return [each for each in _notified(alert) if each.channel is not None and each.channel.kind in hearing]
    if not notice.to:
        return _distinct(_routed(alert))
    notified = {each.key for each in _notified(alert)}
    added = [each for each in _routed(alert) if each.key not in notified]
    return _distinct([*named(alert.organization, notice.to, alert.scope.department_id), *added])


def of_rule(rule: Rule) -> list[Recipient]:
    """Return all recipients that an alert of this rule may reach."""
    routes = [
        route
        for route in _routes(rule.organization, rule.severity)
        if _meet(route.department_id, rule.department_id) and _meet(route.queue_name, rule.queue_name)
    ]
    names = dict.fromkeys([*(route.to for route in routes), *rule.escalation.values_list("to", flat=True)])
    department = rule.department_id or None
    return _distinct(each for name in names for each in named(rule.organization, name, department))


def named(organization: Organization, to: str, department_id: str | None) -> list[Recipient]:
    """Resolve a name to the members of a role, a channel or a person, in this order of precedence.

    People count if their limits cover the department ('' is the organization, None any) and they have an address.
    """
    if to not in Role.values:
        channel = organization.alert_channels.filter(name=to).first()
        if channel is not None:
            return [of_channel(channel)] if channel.enabled else []
    members = organization.memberships.select_related("user").filter(user__is_active=True).exclude(user__email="")
    members = members.filter(role=to) if to in Role.values else members.filter(user__username=to)
    return [
        Recipient(_called(member, to), mailbox=member.user.email)
        for member in members.order_by("user__username")
        if _covers(member, department_id)
    ]


def of_channel(channel: Channel) -> Recipient:
    return Recipient(channel.name, channel, channel.address if channel.kind == kinds.MAIL else "")


def _called(member: Membership, to: str) -> str:
    name = member.user.get_username()
    return name if name == to else f"{name} ({to})"


def _covers(member: Membership, department_id: str | None) -> bool:
    return not member.department_ids or department_id is None or department_id in member.department_ids


def _notified(alert: Alert) -> list[Recipient]:
    """Return the recipients notified so far, failed attempts included: they may have arrived all the same."""
    rows = Delivery.objects.filter(notification__alert=alert, attempts__gt=0).exclude(channel=None, mailbox="")
    return _distinct(Recipient(row.to, row.channel, row.mailbox) for row in rows.select_related("channel"))


def _routed(alert: Alert) -> list[Recipient]:
    scope = alert.scope
    return [
        recipient
        for route in _routes(alert.organization, alert.severity)
        if route.department_id in ("", scope.department_id) and route.queue_name in ("", scope.queue_name)
        for recipient in named(alert.organization, route.to, scope.department_id)
    ]


def _routes(organization: Organization, severity: str) -> Collection[Route]:
    as_severe = SEVERITIES[: SEVERITIES.index(severity) + 1]
    return Route.objects.filter(organization=organization, enabled=True, minimum_severity__in=as_severe)


def _meet(one: str, other: str) -> bool:
    return not one or not other or one == other


def _distinct(recipients: Iterable[Recipient]) -> list[Recipient]:
    return list({each.key: each for each in recipients}.values())
