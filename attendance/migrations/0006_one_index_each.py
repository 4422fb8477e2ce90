import django.db.models.deletion
from django.db import migrations, models

from intraday.database.operations import WithoutOwnIndex


class Migration(migrations.Migration):

    dependencies = [
        ('attendance', '0005_uncounted_post'),
        ('org', '0009_one_index_each'),
    ]

    operations = [
        WithoutOwnIndex(
            model_name='agentstate',
            name='organization',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='org.organization'),
        ),
        WithoutOwnIndex(
            model_name='agentstate',
            name='person',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='agent_states', to='attendance.person'),
        ),
        WithoutOwnIndex(
            model_name='attendancerecord',
            name='person',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='records', to='attendance.person'),
        ),
        WithoutOwnIndex(
            model_name='person',
            name='organization',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='people', to='org.organization'),
        ),
        WithoutOwnIndex(
            model_name='scheduledperiod',
            name='organization',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='org.organization'),
        ),
        WithoutOwnIndex(
            model_name='scheduledperiod',
            name='person',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='scheduled_periods', to='attendance.person'),
        ),
        WithoutOwnIndex(
            model_name='shift',
            name='organization',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='shifts', to='org.organization'),
        ),
        WithoutOwnIndex(
            model_name='shift',
            name='person',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='shifts', to='attendance.person'),
        ),
        WithoutOwnIndex(
            model_name='snapshot',
            name='scope',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='attendance_snapshots', to='org.scope'),
        ),
        WithoutOwnIndex(
            model_name='statusperiod',
            name='organization',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='org.organization'),
        ),
        WithoutOwnIndex(
            model_name='statusperiod',
            name='person',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='status_periods', to='attendance.person'),
        ),
    ]
