"""The channel of watched folders."""

from django.db import migrations, models

_CHANNELS = [
    ("command", "Command line"),
    ("upload", "Upload page"),
    ("api", "API"),
    ("admin", "Admin"),
    ("folder", "Watched folder"),
]


class Migration(migrations.Migration):
    dependencies = [("meter_readings", "0016_notifications")]

    operations = [
        migrations.AlterField(
            model, "channel", models.CharField(choices=_CHANNELS, max_length=10)
        )
        for model in ("auditevent", "importjob", "subjectrequest")
    ]
