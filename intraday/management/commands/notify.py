from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from alerts.choices import SEVERITIES, Severity
from alerts.notifications import channel_services, kinds
from alerts.notifications.admin import ChannelForm, RouteForm
from alerts.notifications.models import Channel, Route
from alerts.notifications.services import try_channel
from intraday.clock.database import clock
from intraday.management.arguments import checked, line_or_text, organization_of


class Command(BaseCommand):
    help = "Channels that alerts are sent to, and routes that say which ones: as the admin, for scripts."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        _add_channel(verbs.add_parser("channel", help="make a channel, or change the one of this name; safe to repeat"))
        route = verbs.add_parser("route", help="make a route, or change the one of this place; safe to repeat")
        route.add_argument(
            "--severity", choices=SEVERITIES, default=Severity.HIGH.value, help="the least one; high if left out"
        )
        route.add_argument("--disabled", action="store_true", help="nobody is notified by it")
        _add_place(route)
        verbs.add_parser("test", help="send a test to a channel").add_argument("name")
        verbs.add_parser("list", help="list channels and routes")
        verbs.add_parser("remove-channel", help="what waits for it is not sent").add_argument("name")
        _add_place(verbs.add_parser("remove-route", help="the channel, role or person stays"))
        for verb in verbs.choices.values():
            verb.add_argument("--organization", required=True)

    def handle(self, *args: Any, verb: str, **options: Any) -> None:
        options["organization"] = organization_of(options["organization"])
        getattr(self, verb.replace("-", "_"))(options)

    def channel(self, options: dict[str, Any]) -> None:
        found = _channels(options).filter(name=options["name"]).first()
        kind = options["kind"] or (found.kind if found else "")
        if found is not None and kind != found.kind:
            raise CommandError(f"'{found}' is of the kind {found.kind}, which stays: remove it first, or name another.")
        entered = {name: line_or_text(options[name]) for name in ("address", "secret")}
        known = {name: options[name] for name in ("organization", "name")}
        form = ChannelForm({**known, **entered, "kind": kind, "enabled": not options["disabled"]}, instance=found)
        secret = channel_services.save_channel(checked(form))
        self.stderr.write(f"{options['name']}: {'changed' if found else 'made'}.")
        if secret:
            self.stderr.write("Its messages are signed with this secret, shown only now:")
            self.stdout.write(secret)

    def route(self, options: dict[str, Any]) -> None:
        said = {"minimum_severity": options["severity"], "enabled": not options["disabled"]}
        form = RouteForm(_identity(options) | said, instance=_route(options), organizations=[options["organization"]])
        route = checked(form)
        channel_services.save_route(route)
        self.stderr.write(f"{route}.")

    def test(self, options: dict[str, Any]) -> None:
        sent = try_channel(_channel(options), now=clock.now())
        if not sent.succeeded:
            raise CommandError(f"{options['name']}: {sent.detail}.")
        self.stdout.write(f"{options['name']}: {sent.detail}.")

    def list(self, options: dict[str, Any]) -> None:
        routes = Route.objects.filter(organization=options["organization"])
        for row in [*_channels(options), *routes]:
            kind = row.kind if isinstance(row, Channel) else "route"
            self.stdout.write(f"{kind:10}  {'enabled' if row.enabled else 'disabled':8}  {row}")

    def remove_channel(self, options: dict[str, Any]) -> None:
        channel_services.remove_channel(_channel(options), now=clock.now())

    def remove_route(self, options: dict[str, Any]) -> None:
        route = _route(options)
        if route is None:
            raise CommandError(f"No route of this place leads to '{options['to']}': `manage.py notify list` shows all.")
        channel_services.remove_route(route)


def _add_channel(parser: CommandParser) -> None:
    parser.add_argument("name", help="as routes name it")
    parser.add_argument("--kind", choices=[name for name, _ in kinds.choices()], help="of a new channel")
    parser.add_argument(
        "--address",
        default="",
        help="webhook, topic or mailbox; '-' reads a line of standard input; that of a channel stays if left out",
    )
    parser.add_argument("--secret", default="", help="for kinds that need one; '-' as there")
    parser.add_argument("--disabled", action="store_true", help="nothing is sent to it")


def _add_place(parser: CommandParser) -> None:
    parser.add_argument("to", help="a role, a channel or a person")
    parser.add_argument("--department", default="", help="alerts of this department alone")
    parser.add_argument("--queue", default="", help="alerts of queues of this name alone")


def _channels(options: dict[str, Any]) -> Any:
    return Channel.objects.select_related("organization").filter(organization=options["organization"])


def _channel(options: dict[str, Any]) -> Channel:
    found: Channel | None = _channels(options).filter(name=options["name"]).first()
    if found is None:
        names = ", ".join(_channels(options).values_list("name", flat=True)) or "none"
        raise CommandError(f"There is no channel '{options['name']}'; there are: {names}.")
    return found


def _route(options: dict[str, Any]) -> Route | None:
    return Route.objects.filter(**_identity(options)).first()


def _identity(options: dict[str, Any]) -> dict[str, Any]:
    """Return the fields that tell a route from others: whom it leads to, of which place."""
    names = {"organization": "organization", "to": "to", "department": "department_id", "queue": "queue_name"}
    return {field: options[name] for name, field in names.items()}
