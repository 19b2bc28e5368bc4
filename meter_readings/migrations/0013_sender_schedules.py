"""Sender schedules, and the roles that may view and change them."""

import django.core.validators
from django.db import migrations, models

from . import _roles

ROLES = {
    "Metering operations": [
        "view_senderschedule",
        "add_senderschedule",
        "change_senderschedule",
        "delete_senderschedule",
    ],
    "Auditor": ["view_senderschedule"],
}


def grant_permissions(apps, schema_editor):
    _roles.grant(ROLES, apps)


class Migration(migrations.Migration):

    dependencies = [
        ("meter_readings", "0012_queued_jobs"),
    ]

    operations = [
        migrations.CreateModel(
            name="SenderSchedule",
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
                    "participant",
                    models.CharField(
                        help_text="The From Market Participant of its files, for example UDMS.",
                        max_length=4,
                        unique=True,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[A-Z0-9]{1,4}\\Z", "Enter a market participant."
                            )
                        ],
                        verbose_name="sender",
                    ),
                ),
                (
                    "is_expected",
                    models.BooleanField(
                        default=True,
                        help_text="Clear it if the sender sends no more files.",
                        verbose_name="files expected",
                    ),
                ),
                (
                    "interval_days",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        help_text="The longest interval between two files. Leave it empty to use the interval of earlier files.",
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(366),
                        ],
                        verbose_name="interval in days",
                    ),
                ),
            ],
        ),
        migrations.RunPython(grant_permissions, migrations.RunPython.noop),
    ]
