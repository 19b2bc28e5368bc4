"""Sender schedules, and the roles that may view and change them."""

import django.core.validators
from django.contrib.auth.management import create_permissions
from django.db import migrations, models

ROLES = {
    "Metering operations": ["view", "add", "change", "delete"],
    "Auditor": ["view"],
}


def grant_permissions(apps, schema_editor):
    # As in 0003: Django creates permissions only after all migrations.
    app_config = apps.get_app_config("meter_readings")
    app_config.models_module = True
    create_permissions(app_config, apps=apps, verbosity=0)
    app_config.models_module = None
    permissions = apps.get_model("auth", "Permission").objects.filter(
        content_type__app_label="meter_readings"
    )
    for group in apps.get_model("auth", "Group").objects.filter(name__in=ROLES):
        codenames = [f"{action}_senderschedule" for action in ROLES[group.name]]
        group.permissions.add(*permissions.filter(codename__in=codenames))


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
