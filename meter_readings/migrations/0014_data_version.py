"""The data version, which belongs to the answers that are cached."""

import secrets

from django.db import migrations, models


def add_row(apps, schema_editor):
    # Without a row nothing is cached until the next import.
    version = apps.get_model("meter_readings", "DataVersion")
    version.objects.create(pk=1, text=secrets.token_hex(16))


class Migration(migrations.Migration):
    dependencies = [("meter_readings", "0013_sender_schedules")]

    operations = [
        migrations.CreateModel(
            name="DataVersion",
            fields=[
                (
                    "id",
                    models.SmallIntegerField(
                        default=1, primary_key=True, serialize=False
                    ),
                ),
                ("text", models.CharField(max_length=32)),
            ],
            options={
                "default_permissions": (),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("id", 1)), name="one_data_version"
                    )
                ],
            },
        ),
        migrations.RunPython(add_row, migrations.RunPython.noop),
    ]
