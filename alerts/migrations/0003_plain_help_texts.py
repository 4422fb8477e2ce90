# A help text in plain words; no SQL.

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('alerts', '0002_following_alerts'),
    ]

    operations = [
        migrations.AlterField(
            model_name='notification',
            name='to',
            field=models.CharField(blank=True, default='', help_text='Recipient of an escalation; empty: the recipients of routes.', max_length=128),
        ),
    ]
