import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from intraday.database.operations import WithoutOwnIndex


class Migration(migrations.Migration):

    dependencies = [
        ('org', '0008_saved_views'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        WithoutOwnIndex(
            model_name='department',
            name='organization',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='departments', to='org.organization'),
        ),
        WithoutOwnIndex(
            model_name='membership',
            name='user',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to=settings.AUTH_USER_MODEL),
        ),
        WithoutOwnIndex(
            model_name='queue',
            name='department',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='queues', to='org.department'),
        ),
        WithoutOwnIndex(
            model_name='savedview',
            name='membership',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='saved_views', to='org.membership'),
        ),
        WithoutOwnIndex(
            model_name='scope',
            name='organization',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='scopes', to='org.organization'),
        ),
    ]
