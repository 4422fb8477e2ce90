import django.db.models.deletion
from django.db import migrations, models

from intraday.database.operations import LeaveRoom, WithoutOwnIndex


class Migration(migrations.Migration):

    dependencies = [
        ('kpi', '0004_state_changes'),
        ('org', '0009_one_index_each'),
    ]

    operations = [
        WithoutOwnIndex(
            model_name='forecastinterval',
            name='scope',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='kpi_forecasts', to='org.scope'),
        ),
        WithoutOwnIndex(
            model_name='holiday',
            name='scope',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='kpi_holidays', to='org.scope', verbose_name='where'),
        ),
        WithoutOwnIndex(
            model_name='intervalstats',
            name='scope',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='kpi_intervals', to='org.scope'),
        ),
        WithoutOwnIndex(
            model_name='kpisnapshot',
            name='scope',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='kpi_snapshots', to='org.scope'),
        ),
        WithoutOwnIndex(
            model_name='statechange',
            name='scope',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='kpi_state_changes', to='org.scope'),
        ),
        WithoutOwnIndex(
            model_name='volumedrop',
            name='scope',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='kpi_volume_drops', to='org.scope'),
        ),
        LeaveRoom("currentkpi", percent=50),
        LeaveRoom("intervalfeed", percent=50),
        LeaveRoom("intervalstats", percent=70),
    ]
