"""Late and missing readings, and the roles that may view them."""

import django.core.validators
import django.db.models.deletion
from django.db import migrations, models

from . import _roles

ROLES = dict.fromkeys(
    ["Metering operations", "Support agent", "Auditor", "Integration"],
    ["view_overduereading"],
)


def grant_permissions(apps, schema_editor):
    _roles.grant(ROLES, apps)


class Migration(migrations.Migration):

    dependencies = [
        ("meter_readings", "0024_webhook_secret_changes"),
    ]

    operations = [
        migrations.AddField(
            model_name="senderschedule",
            name="reading_interval_days",
            field=models.PositiveSmallIntegerField(
                blank=True,
                help_text="The longest interval between two readings of a meter point that the sender reads. Leave it empty to use the interval of earlier readings.",
                null=True,
                validators=[
                    django.core.validators.MinValueValidator(1),
                    django.core.validators.MaxValueValidator(366),
                ],
                verbose_name="interval of readings in days",
            ),
        ),
        migrations.CreateModel(
            name="OverdueReading",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                (
                    "register_id",
                    models.CharField(blank=True, max_length=2, verbose_name="register"),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[("missing", "Missing"), ("late", "Late")], max_length=7
                    ),
                ),
                (
                    "from_participant",
                    models.CharField(blank=True, max_length=4, verbose_name="sender"),
                ),
                ("latest_date", models.DateField(verbose_name="latest reading")),
                (
                    "interval_days",
                    models.PositiveIntegerField(verbose_name="interval in days"),
                ),
                ("due_date", models.DateField(verbose_name="due")),
                ("as_of_date", models.DateField(verbose_name="as of")),
                (
                    "meter",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="overdue_readings",
                        to="meter_readings.meter",
                    ),
                ),
            ],
            options={
                "verbose_name": "late or missing reading",
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(
                        fields=["from_participant", "meter", "register_id"],
                        name="overdue_reading_sender_idx",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("meter", "register_id"),
                        name="one_overdue_reading_per_register",
                    )
                ],
            },
        ),
        migrations.RunPython(grant_permissions, migrations.RunPython.noop),
    ]
