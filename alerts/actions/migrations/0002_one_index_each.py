import django.db.models.deletion
from django.db import migrations, models

from intraday.database.operations import WithoutOwnIndex


class Migration(migrations.Migration):

    dependencies = [
        ('actions', '0001_initial'),
        ('org', '0009_one_index_each'),
    ]

    operations = [
        WithoutOwnIndex(
            model_name='action',
            name='organization',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='actions', to='org.organization'),
        ),
    ]
