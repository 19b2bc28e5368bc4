"""The previous secret of a webhook, which signs for a day after a change."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("meter_readings", "0023_erasures_as_jobs"),
    ]

    operations = [
        migrations.AddField(
            model_name="notificationrule",
            name="previous_webhook_secret",
            field=models.CharField(blank=True, max_length=100),
        ),
        migrations.AddField(
            model_name="notificationrule",
            name="webhook_secret_changed_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
