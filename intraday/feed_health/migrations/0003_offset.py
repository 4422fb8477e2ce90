from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("intake", "0002_feed_queues")]

    operations = [
        migrations.AddField("feed", "offset_minutes", models.PositiveSmallIntegerField(default=0, db_default=0)),
        migrations.AddField("feed", "offset_since", models.DateTimeField(null=True)),
        migrations.AddField("feed", "offset_count", models.PositiveIntegerField(default=0, db_default=0)),
    ]
