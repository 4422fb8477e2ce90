import django.db.models.deletion
from django.db import migrations, models

from intraday.database.operations import WithoutOwnIndex


class Migration(migrations.Migration):

    dependencies = [
        ('sign_in', '0001_identity_providers'),
    ]

    operations = [
        WithoutOwnIndex(
            model_name='groupgrant',
            name='provider',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='grants', to='sign_in.identityprovider'),
        ),
    ]
