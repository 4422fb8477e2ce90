from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("org", "0003_wall_boards")]

    operations = [
        migrations.AddField(
            model_name="organization",
            name="feeds_may_create",
            field=models.BooleanField(
                default=True,
                db_default=True,
                help_text="Ticked: a queue or department that a feed names for the first time is created, and the feed "
                "is told so. Not ticked: such rows are refused until you add the queue here.",
                verbose_name="feeds may create queues and departments",
            ),
        ),
    ]
