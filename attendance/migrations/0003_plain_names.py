"""Give models and fields the names of their field; tables and columns keep theirs, so that no statement runs."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('attendance', '0002_chains_of_shifts'),
        # Renamed models rename their content types, whose table must have its final columns on the way back, too.
        ('contenttypes', '0002_remove_content_type_name'),
    ]

    operations = [
        migrations.AlterModelTable(name='duty', table='attendance_duty'),
        migrations.AlterModelTable(name='spell', table='attendance_spell'),
        migrations.RenameModel(old_name='Duty', new_name='ScheduledPeriod'),
        migrations.RenameModel(old_name='Spell', new_name='StatusPeriod'),
        migrations.AlterModelOptions(name='scheduledperiod', options={}),
        migrations.AlterField(
            model_name='scheduledperiod',
            name='person',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='scheduled_periods', to='attendance.person'),
        ),
        migrations.AlterField(
            model_name='statusperiod',
            name='person',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='status_periods', to='attendance.person'),
        ),
        migrations.AlterField(
            model_name='statusperiod',
            name='said_at',
            field=models.BigIntegerField(db_column='said_at'),
        ),
        migrations.RenameField(model_name='statusperiod', old_name='said_at', new_name='reported_at'),
        migrations.AlterField(
            model_name='statusperiod',
            name='heard_at',
            field=models.BigIntegerField(db_column='heard_at'),
        ),
        migrations.RenameField(model_name='statusperiod', old_name='heard_at', new_name='confirmed_at'),
        migrations.AlterField(
            model_name='currentattendance',
            name='derived_by',
            field=models.PositiveSmallIntegerField(db_column='derived_by', db_default=0, default=0, help_text="Version of the rules that derived the organization's scheduled and status periods."),
        ),
        migrations.RenameField(model_name='currentattendance', old_name='derived_by', new_name='rules_version'),
    ]
