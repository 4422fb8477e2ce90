from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.serializers.json import DjangoJSONEncoder

from intraday.clock.database import clock
from intraday.org.models import Organization
from intraday.retention.personal_data import services
from intraday.retention.personal_data.subject import Kind


class Command(BaseCommand):
    help = "Export or erase everything that names one person: an employee of whom feeds report, or an account."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        export = verbs.add_parser("export", help="print the stored data of the person, as JSON")
        erase = verbs.add_parser(
            "erase", help="replace the person's names by a pseudonym; without --yes list where they stand"
        )
        erase.add_argument("--yes", action="store_true", help="do it; there is no way back but a backup")
        for verb in (export, erase):
            verb.add_argument("organization", help="its id")
            verb.add_argument("person", help="an employee id, or a user name")
            verb.add_argument(
                "--as",
                dest="kind",
                choices=[kind.value for kind in Kind],
                help="which of the two, if an employee and an account have this name",
            )

    def handle(self, *args: Any, verb: str, **options: Any) -> None:
        organization = Organization.objects.filter(pk=options["organization"]).first()
        if organization is None:
            raise CommandError(f"There is no organization '{options['organization']}'.")
        try:
            kind = Kind(options["kind"]) if options["kind"] else None
            found = services.find(organization, options["person"], kind=kind)
        except services.UnknownPersonError as error:
            raise CommandError(str(error)) from error
        getattr(self, verb)(found, options)

    def export(self, found: services.Found, options: dict[str, Any]) -> None:
        exported = services.export(found, now=clock.now())
        encoder = DjangoJSONEncoder(indent=2, ensure_ascii=False)
        self.stdout.write(encoder.encode(exported))

    def erase(self, found: services.Found, options: dict[str, Any]) -> None:
        erased = services.erase(found) if options["yes"] else services.preview(found)
        for place, count in sorted(erased.counts.items()):
            self.stdout.write(f"{count:>10,}  {place}")
        for remark in erased.remarks:
            self.stdout.write(remark)
        done = f"She is called {erased.pseudonym} from now on." if options["yes"] else "Nothing was changed: add --yes."
        self.stdout.write(done)
