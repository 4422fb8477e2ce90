"""Rename the reported values; columns keep their names, so that no statement runs."""

from django.db import migrations, models

OLD_NAMES = {
    'reported_compliance': ('stated_compliance', models.FloatField),
    'reported_added': ('stated_added', models.PositiveBigIntegerField),
    'reported_completed': ('stated_completed', models.PositiveBigIntegerField),
}


class Migration(migrations.Migration):

    dependencies = [
        ('backlog', '0002_flows_and_age_profile'),
    ]

    operations = [
        operation
        for new, (old, field) in OLD_NAMES.items()
        for operation in (
            migrations.AlterField(model_name='snapshot', name=old, field=field(null=True, db_column=old)),
            migrations.RenameField(model_name='snapshot', old_name=old, new_name=new),
        )
    ]
