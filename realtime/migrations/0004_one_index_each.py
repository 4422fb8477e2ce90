import django.db.models.deletion
from django.db import migrations, models

from intraday.database.operations import WithoutOwnIndex


class Migration(migrations.Migration):

    dependencies = [
        ('org', '0009_one_index_each'),
        ('realtime', '0003_occupancy_and_event_names'),
    ]

    operations = [
        WithoutOwnIndex(
            model_name='eventname',
            name='organization',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='event_names', to='org.organization'),
        ),
        WithoutOwnIndex(
            model_name='segment',
            name='stream',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='segments', to='realtime.stream'),
        ),
    ]
