import django.db.models.deletion
from django.db import migrations, models

from intraday.database.operations import WithoutOwnIndex


class Migration(migrations.Migration):

    dependencies = [
        ('org', '0009_one_index_each'),
        ('outgoing', '0003_channel_kinds'),
    ]

    operations = [
        WithoutOwnIndex(
            model_name='channel',
            name='organization',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='alert_channels', to='org.organization'),
        ),
    ]
