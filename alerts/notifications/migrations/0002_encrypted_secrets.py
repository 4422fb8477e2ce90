"""Columns for encrypted secrets beside the plain ones, which keep their names and values: processes of the version before
go on reading and writing these during the upgrade. Plain values are encrypted a day later (docs/adr/0022-secrets-at-rest.md).
"""

import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('outgoing', '0001_outgoing'),
    ]

    operations = [
        migrations.AlterField(
            model_name='channel',
            name='address',
            field=models.CharField(blank=True, db_column='address', default='', editable=False, max_length=500),
        ),
        migrations.RenameField(
            model_name='channel',
            old_name='address',
            new_name='plain_address',
        ),
        migrations.AlterField(
            model_name='channel',
            name='secret',
            field=models.CharField(blank=True, db_column='secret', default='', editable=False, max_length=100),
        ),
        migrations.RenameField(
            model_name='channel',
            old_name='secret',
            new_name='plain_secret',
        ),
        migrations.AddField(
            model_name='channel',
            name='former_until',
            field=models.DateTimeField(editable=False, help_text='Until then messages are signed with the former secret, too.', null=True),
        ),
        migrations.AddField(
            model_name='channel',
            name='plain_since',
            field=models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, help_text='When it was made, or came from an older version.'),
        ),
        migrations.AddField(
            model_name='channel',
            name='sealed_address',
            field=models.TextField(blank=True, db_default='', default='', editable=False),
        ),
        migrations.AddField(
            model_name='channel',
            name='sealed_former_secret',
            field=models.TextField(blank=True, db_default='', default='', editable=False),
        ),
        migrations.AddField(
            model_name='channel',
            name='sealed_secret',
            field=models.TextField(blank=True, db_default='', default='', editable=False),
        ),
    ]
