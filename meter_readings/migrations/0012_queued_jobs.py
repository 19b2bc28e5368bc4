"""Import jobs that wait for a worker, and can be cancelled and attempted again."""

from django.db import migrations, models

_STATES = [
    ("queued", "Waiting"),
    ("running", "Running"),
    ("finished", "Finished"),
    ("failed", "Interrupted"),
    ("cancelled", "Cancelled"),
]


class Migration(migrations.Migration):
    dependencies = [("meter_readings", "0011_restrict_meter_id")]

    operations = [
        migrations.AlterField(
            "importjob",
            "state",
            models.CharField(choices=_STATES, default="running", max_length=10),
        ),
        migrations.AddField(
            "importjob", "allow_same_name", models.BooleanField(default=False)
        ),
        migrations.AddField(
            "importjob", "upload", models.CharField(blank=True, max_length=32)
        ),
        migrations.AddField(
            "importjob", "size", models.PositiveBigIntegerField(default=0)
        ),
        migrations.AddField(
            "importjob", "attempt", models.PositiveSmallIntegerField(default=1)
        ),
        migrations.AddField(
            "importjob", "is_cancel_requested", models.BooleanField(default=False)
        ),
        migrations.AddField(
            "importjob", "queued_at", models.DateTimeField(blank=True, null=True)
        ),
    ]
