"""Spell the names of queues in Unicode form NFC, as every look-up does from now on.

A queue whose normalized name is taken in its department is left as it is: its figures stay readable in the database,
and merging two histories is for a person to decide.
"""

from django.db import migrations

from intraday.values.names import normalized


def normalize(apps, schema_editor):
    for model, column, group in (("Queue", "name", "department_id"), ("Scope", "queue_name", "department_id")):
        table = apps.get_model("org", model).objects
        for row in table.all():
            name = normalized(getattr(row, column))
            if name == getattr(row, column):
                continue
            owner = {"organization_id": row.organization_id} if model == "Scope" else {}
            if not table.filter(**{column: name, group: getattr(row, group)}, **owner).exists():
                table.filter(pk=row.pk).update(**{column: name})


class Migration(migrations.Migration):
    dependencies = [("org", "0004_feeds_may_create")]

    operations = [migrations.RunPython(normalize, migrations.RunPython.noop)]
