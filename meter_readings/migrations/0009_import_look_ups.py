"""Indexes that keep an import from reading all flow files or all import jobs."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("meter_readings", "0008_search_columns")]

    operations = [
        migrations.AddIndex(
            "flowfile",
            models.Index(
                fields=["file_identifier", "file_created_at"],
                name="flow_file_message_idx",
            ),
        ),
        migrations.AddIndex(
            "importjob",
            models.Index(fields=["state", "heartbeat_at"], name="import_job_state_idx"),
        ),
    ]
