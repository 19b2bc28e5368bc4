"""Quality runs, quality items and disabled rules, and the roles that may view them."""

import django.core.validators
import django.db.models.deletion
import django.db.models.functions.text
import django.db.models.lookups
from django.db import migrations, models

from . import _roles

ROLES = {
    "Metering operations": [
        "view_qualityitem",
        "view_qualityrun",
        "view_disabledqualityrule",
        "add_disabledqualityrule",
        "change_disabledqualityrule",
        "delete_disabledqualityrule",
    ],
    "Auditor": ["view_qualityitem", "view_qualityrun", "view_disabledqualityrule"],
}


def grant_permissions(apps, schema_editor):
    _roles.grant(ROLES, apps)


class Migration(migrations.Migration):

    dependencies = [
        ("meter_readings", "0025_overdue_readings"),
    ]

    operations = [
        migrations.CreateModel(
            name="QualityRun",
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
                    "scope",
                    models.CharField(
                        choices=[
                            ("changes", "Meter points with changed readings"),
                            ("all", "All readings"),
                        ],
                        max_length=10,
                    ),
                ),
                ("started_at", models.DateTimeField(db_index=True)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                ("changes_until", models.DateTimeField(blank=True, null=True)),
                ("readings_examined", models.PositiveBigIntegerField(default=0)),
                (
                    "items_open",
                    models.PositiveBigIntegerField(
                        default=0, verbose_name="open items"
                    ),
                ),
                (
                    "items_new",
                    models.PositiveBigIntegerField(default=0, verbose_name="new items"),
                ),
                (
                    "items_gone",
                    models.PositiveBigIntegerField(
                        default=0, verbose_name="gone items"
                    ),
                ),
                ("counts", models.JSONField(blank=True, default=dict)),
                ("error", models.CharField(blank=True, max_length=100)),
            ],
            options={
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="DisabledQualityRule",
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
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[A-Z0-9]{1,4}\\Z", "Enter a market participant."
                            )
                        ],
                        verbose_name="sender",
                    ),
                ),
                ("rule", models.CharField(max_length=30)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("participant", "rule"),
                        name="one_disabled_quality_rule_per_sender",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="QualityItem",
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
                ("rule", models.CharField(max_length=30)),
                (
                    "severity",
                    models.CharField(
                        choices=[
                            ("error", "Error"),
                            ("warning", "Warning"),
                            ("note", "Note"),
                        ],
                        max_length=8,
                    ),
                ),
                (
                    "register_id",
                    models.CharField(max_length=2, verbose_name="register"),
                ),
                ("read_at", models.DateTimeField()),
                (
                    "from_participant",
                    models.CharField(blank=True, max_length=4, verbose_name="sender"),
                ),
                ("explanation", models.CharField(max_length=200)),
                (
                    "state",
                    models.CharField(
                        choices=[("open", "Open"), ("gone", "Gone")],
                        default="open",
                        max_length=8,
                    ),
                ),
                ("opened_at", models.DateTimeField()),
                ("gone_at", models.DateTimeField(blank=True, null=True)),
                (
                    "meter",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="quality_items",
                        to="meter_readings.meter",
                    ),
                ),
                (
                    "gone_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="items_gone_by_it",
                        to="meter_readings.qualityrun",
                    ),
                ),
                (
                    "opened_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="items_opened",
                        to="meter_readings.qualityrun",
                    ),
                ),
            ],
            options={
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(
                        fields=["-opened_at", "-id"], name="quality_item_time_idx"
                    ),
                    models.Index(
                        fields=["state", "rule", "-opened_at", "-id"],
                        name="quality_item_rule_idx",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("meter", "register_id", "read_at", "rule"),
                        name="one_quality_item_per_reading_and_rule",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("gone_at", None), ("state", "open")),
                            models.Q(("gone_at__isnull", False), ("state", "gone")),
                            _connector="OR",
                        ),
                        name="gone_quality_item_says_when",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            django.db.models.lookups.LessThanOrEqual(
                                django.db.models.functions.text.Length(
                                    models.F("rule")
                                ),
                                30,
                            ),
                            django.db.models.lookups.LessThanOrEqual(
                                django.db.models.functions.text.Length(
                                    models.F("register_id")
                                ),
                                2,
                            ),
                            django.db.models.lookups.LessThanOrEqual(
                                django.db.models.functions.text.Length(
                                    models.F("from_participant")
                                ),
                                4,
                            ),
                            django.db.models.lookups.LessThanOrEqual(
                                django.db.models.functions.text.Length(
                                    models.F("explanation")
                                ),
                                200,
                            ),
                        ),
                        name="quality_item_text_lengths",
                    ),
                ],
            },
        ),
        migrations.RunPython(grant_permissions, migrations.RunPython.noop),
    ]
