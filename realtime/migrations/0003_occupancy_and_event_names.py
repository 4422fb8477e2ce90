import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('org', '0007_limits'),
        ('realtime', '0002_cursor'),
    ]

    operations = [
        migrations.AddField(
            model_name='process',
            name='occupancy',
            field=models.JSONField(db_default=models.Value({}, models.JSONField()), default=dict, help_text="Connections by organization, and below each by credential; '' is all of the organization."),
        ),
        migrations.AddField(
            model_name='process',
            name='refusals',
            field=models.JSONField(db_default=models.Value({}, models.JSONField()), default=dict, help_text='Requests refused at a limit in the last hour, by organization and limit.'),
        ),
        migrations.CreateModel(
            name='EventName',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=97)),
                ('used_on', models.DateField(db_index=True)),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='event_names', to='org.organization')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('organization', 'name'), name='event_name_once')],
            },
        ),
    ]
