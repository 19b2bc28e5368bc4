"""Readings that users add, correct or withdraw, and the roles that may.

SQLite copies the table of readings twice. PostgreSQL checks the stored readings for the
new constraint in the next migration, so that this one locks them for a moment only; it
scans them once for the new partial index, and they can be read meanwhile.
"""

from pathlib import Path

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

from . import _roles

SQL_DIR = Path(__file__).with_name("sql")

ROLES = {
    "Metering operations": ["view_correction", "correct_reading"],
    "Support agent": ["view_correction"],
    "Auditor": ["view_correction"],
}

SOURCE_CONSTRAINT = models.CheckConstraint(
    condition=models.Q(
        models.Q(("correction__isnull", True), ("flow_file__isnull", False)),
        models.Q(("correction__isnull", False), ("flow_file__isnull", True)),
        _connector="OR",
    ),
    name="reading_is_from_a_file_or_a_correction",
)


def grant_permissions(apps, schema_editor):
    _roles.grant(ROLES, apps)


def create_triggers(apps, schema_editor):
    _execute(schema_editor, "correction_triggers.sql")


def drop_triggers(apps, schema_editor):
    _execute(schema_editor, "drop_correction_triggers.sql")


def _execute(schema_editor, filename):
    if schema_editor.connection.vendor == "postgresql":
        sql = (SQL_DIR / filename).read_text("utf-8")
        schema_editor.execute(sql, params=None)


class AddConstraintNotValid(migrations.AddConstraint):
    """Adds a constraint; PostgreSQL does not check the rows that are stored."""

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        if schema_editor.connection.vendor == "postgresql":
            model = to_state.apps.get_model(app_label, self.model_name)
            statement = self.constraint.create_sql(model, schema_editor)
            schema_editor.execute(f"{statement} NOT VALID", params=None)
        else:
            super().database_forwards(app_label, schema_editor, from_state, to_state)


class Migration(migrations.Migration):

    dependencies = [
        ("meter_readings", "0018_jobs_of_other_kinds"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name="auditevent",
            name="action",
            field=models.CharField(
                choices=[
                    ("import", "Import"),
                    ("reprocess", "Imported again"),
                    ("undo", "Import undone"),
                    ("clear", "Database cleared"),
                    ("cancel-job", "Job cancelled"),
                    ("retry-job", "Job tried again"),
                    ("retention", "Retention applied"),
                    ("erasure", "Erased"),
                    ("subject-access", "Subject access"),
                    ("acknowledge", "Acknowledged"),
                    ("remove-acknowledgement", "Acknowledgement removed"),
                    ("add-reading", "Reading added"),
                    ("correct-reading", "Reading corrected"),
                    ("withdraw-reading", "Reading withdrawn"),
                    ("undo-correction", "Correction undone"),
                    ("delete-note", "Note deleted"),
                    ("look-up", "Opened"),
                    ("download", "Original downloaded"),
                    ("export", "Exported"),
                    ("create-token", "Token created"),
                    ("revoke-token", "Token revoked"),
                    ("sign-in", "Signed in"),
                    ("sign-in-failed", "Sign-in failed"),
                    ("sign-out", "Signed out"),
                ],
                max_length=30,
            ),
        ),
        migrations.AlterField(
            model_name="reading",
            name="flow_file",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="readings",
                to="meter_readings.flowfile",
            ),
        ),
        migrations.CreateModel(
            name="Correction",
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
                    "kind",
                    models.CharField(
                        choices=[
                            ("add", "Added"),
                            ("correct", "Corrected"),
                            ("withdraw", "Withdrawn"),
                        ],
                        max_length=10,
                    ),
                ),
                ("reason", models.TextField()),
                (
                    "corrected_value",
                    models.DecimalField(
                        blank=True, decimal_places=3, max_digits=12, null=True
                    ),
                ),
                ("created_at", models.DateTimeField()),
                ("undone_at", models.DateTimeField(blank=True, null=True)),
                (
                    "changed_at",
                    models.DateTimeField(
                        db_index=True, default=django.utils.timezone.now
                    ),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "undone_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "permissions": [
                    ("correct_reading", "Can add, correct and withdraw single readings")
                ],
                "default_permissions": ("view",),
            },
        ),
        migrations.AddField(
            model_name="reading",
            name="correction",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="readings",
                to="meter_readings.correction",
            ),
        ),
        migrations.RunPython(create_triggers, drop_triggers),
        migrations.AddIndex(
            model_name="reading",
            index=models.Index(
                condition=models.Q(("correction__isnull", False)),
                fields=["correction"],
                name="reading_correction_idx",
            ),
        ),
        AddConstraintNotValid("reading", SOURCE_CONSTRAINT),
        migrations.AddConstraint(
            model_name="correction",
            constraint=models.CheckConstraint(
                condition=models.Q(("reason", ""), _negated=True),
                name="correction_has_a_reason",
            ),
        ),
        migrations.RunPython(grant_permissions, migrations.RunPython.noop),
    ]
