"""An empty database made ready: tables, org_123 with queue support, a key whose text it prints."""

import sys

import django

if __name__ == "__main__":
    django.setup()
    from django.core.management import call_command

    from intraday.org.services import add_queues, create_api_key, create_organization

    call_command("migrate", verbosity=0)
    organization = create_organization(id="org_123", name="Owner")
    add_queues(organization, [("dept_456", "support")])
    _, secret = create_api_key(organization=organization, name="test", scopes=["ingest", "read"])
    sys.stdout.write(secret)
