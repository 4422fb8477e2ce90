import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('org', '0006_key_expiry_and_use'),
    ]

    operations = [
        migrations.AddField(
            model_name='organization',
            name='limit_bytes_per_minute',
            field=models.PositiveIntegerField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(1)], verbose_name='bytes posted a minute'),
        ),
        migrations.AddField(
            model_name='organization',
            name='limit_computes',
            field=models.PositiveIntegerField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(1)], verbose_name='computes, previews and exports at once'),
        ),
        migrations.AddField(
            model_name='organization',
            name='limit_connections',
            field=models.PositiveIntegerField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(1)], verbose_name='sockets and event streams'),
        ),
        migrations.AddField(
            model_name='organization',
            name='limit_connections_per_credential',
            field=models.PositiveIntegerField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(1)], verbose_name='sockets and event streams of one key or person'),
        ),
        migrations.AddField(
            model_name='organization',
            name='limit_departments',
            field=models.PositiveIntegerField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(1)], verbose_name='departments'),
        ),
        migrations.AddField(
            model_name='organization',
            name='limit_event_names',
            field=models.PositiveIntegerField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(1)], verbose_name='names of own events'),
        ),
        migrations.AddField(
            model_name='organization',
            name='limit_events_per_minute',
            field=models.PositiveIntegerField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(1)], verbose_name='own events and notifications a minute'),
        ),
        migrations.AddField(
            model_name='organization',
            name='limit_posts',
            field=models.PositiveIntegerField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(1)], verbose_name='posts worked on at once, in each process'),
        ),
        migrations.AddField(
            model_name='organization',
            name='limit_queues',
            field=models.PositiveIntegerField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(1)], verbose_name='queues'),
        ),
        migrations.AddField(
            model_name='organization',
            name='limit_rows_per_minute',
            field=models.PositiveIntegerField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(1)], verbose_name='rows posted a minute'),
        ),
    ]
