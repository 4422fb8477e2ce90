import django.db.models.deletion
from django.db import migrations, models

from intraday.database.operations import LeaveRoom, WithoutOwnIndex


class Migration(migrations.Migration):

    dependencies = [
        ('alerts', '0005_acknowledged_notices'),
        ('org', '0009_one_index_each'),
    ]

    operations = [
        WithoutOwnIndex(
            model_name='alert',
            name='organization',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='alerts', to='org.organization'),
        ),
        WithoutOwnIndex(
            model_name='escalationstep',
            name='rule',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='escalation', to='alerts.rule'),
        ),
        WithoutOwnIndex(
            model_name='rulestate',
            name='rule',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='states', to='alerts.rule'),
        ),
        WithoutOwnIndex(
            model_name='silence',
            name='organization',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='silences', to='org.organization'),
        ),
        LeaveRoom("rulestate", percent=50),
        LeaveRoom("alert", percent=70),
    ]
