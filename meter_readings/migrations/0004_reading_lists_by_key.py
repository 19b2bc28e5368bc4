"""Order the lists of readings by their key, so that versions of one share a place."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("meter_readings", "0003_roles"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="reading",
            name="reading_time_idx",
        ),
        migrations.RemoveIndex(
            model_name="reading",
            name="reading_not_current_idx",
        ),
        migrations.RemoveIndex(
            model_name="reading",
            name="reading_not_validated_idx",
        ),
        migrations.RemoveIndex(
            model_name="reading",
            name="reading_not_routine_idx",
        ),
        migrations.RemoveIndex(
            model_name="reading",
            name="reading_estimated_idx",
        ),
        migrations.AddIndex(
            model_name="reading",
            index=models.Index(
                fields=["read_at", "meter_id", "register_id", "id"],
                name="reading_time_idx",
            ),
        ),
        migrations.AddIndex(
            model_name="reading",
            index=models.Index(
                condition=models.Q(("version_status", "current"), _negated=True),
                fields=["version_status", "read_at", "meter_id", "register_id", "id"],
                name="reading_not_current_idx",
            ),
        ),
        migrations.AddIndex(
            model_name="reading",
            index=models.Index(
                condition=models.Q(("bsc_validation_status", "V"), _negated=True),
                fields=[
                    "bsc_validation_status",
                    "read_at",
                    "meter_id",
                    "register_id",
                    "id",
                ],
                name="reading_not_validated_idx",
            ),
        ),
        migrations.AddIndex(
            model_name="reading",
            index=models.Index(
                condition=models.Q(("reading_type", "R"), _negated=True),
                fields=["reading_type", "read_at", "meter_id", "register_id", "id"],
                name="reading_not_routine_idx",
            ),
        ),
        migrations.AddIndex(
            model_name="reading",
            index=models.Index(
                condition=models.Q(
                    ("reading_type", "D"), ("reading_type", "O"), _connector="OR"
                ),
                fields=["read_at", "meter_id", "register_id", "id"],
                name="reading_estimated_idx",
            ),
        ),
    ]
