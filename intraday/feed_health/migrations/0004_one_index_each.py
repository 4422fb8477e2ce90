import django.db.models.deletion
from django.db import migrations, models

from intraday.database.operations import WithoutOwnIndex


class Migration(migrations.Migration):

    dependencies = [
        ('intake', '0003_offset'),
        ('org', '0009_one_index_each'),
    ]

    operations = [
        WithoutOwnIndex(
            model_name='feed',
            name='organization',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='feeds', to='org.organization'),
        ),
        WithoutOwnIndex(
            model_name='feedminute',
            name='feed',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='minutes', to='intake.feed'),
        ),
    ]
