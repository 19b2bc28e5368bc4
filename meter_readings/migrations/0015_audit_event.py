"""The audit trail: its table, the triggers that protect it, and its permission.

The triggers are those of audit_triggers_postgresql.sql or audit_triggers_sqlite.sql.
On SQLite a later migration that makes Django rebuild the table has to create them again.
"""

from pathlib import Path

from django.db import migrations, models

from . import _roles

ROLES = {"Auditor": ["view_auditevent"]}

SQL_DIR = Path(__file__).with_name("sql")


def create_triggers(apps, schema_editor):
    vendor = schema_editor.connection.vendor
    sql = (SQL_DIR / f"audit_triggers_{vendor}.sql").read_text("utf-8")
    # SQLite executes one statement at a time.
    statements = sql.split("\n\n\n") if vendor == "sqlite" else [sql]
    for statement in statements:
        schema_editor.execute(statement, params=None)


def drop_triggers(apps, schema_editor):
    # The triggers are dropped with the table of the events.
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP FUNCTION audit_event_append_only() CASCADE")
    schema_editor.execute("DROP TABLE meter_readings_auditmaintenance")


def copy_acknowledgements(apps, schema_editor):
    """Copy what the history of flow files shows from Django's admin log."""
    content_type = (
        apps.get_model("contenttypes", "ContentType")
        .objects.filter(app_label="meter_readings", model="flowfile")
        .first()
    )
    if content_type is None:
        return
    events = apps.get_model("meter_readings", "AuditEvent").objects
    entries = apps.get_model("admin", "LogEntry").objects.filter(
        content_type=content_type
    )
    for entry in entries.select_related("user").order_by("action_time", "pk"):
        action, _, note = entry.change_message.partition(": ")
        is_removal = action == "Acknowledgement removed"
        events.create(
            at=entry.action_time,
            action="remove-acknowledgement" if is_removal else "acknowledge",
            channel="admin",
            username=entry.user.username,
            user_id=entry.user.pk,
            object_type="flowfile",
            object_id=int(entry.object_id),
            object_label=entry.object_repr,
            details={"note": note} if note else {},
        )


def grant_permissions(apps, schema_editor):
    _roles.grant(ROLES, apps)


class Migration(migrations.Migration):

    dependencies = [
        ("meter_readings", "0014_data_version"),
        ("admin", "0003_logentry_add_action_flag_choices"),
    ]

    operations = [
        migrations.CreateModel(
            name="AuditEvent",
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
                ("at", models.DateTimeField(verbose_name="time")),
                (
                    "action",
                    models.CharField(
                        choices=[
                            ("import", "Import"),
                            ("reprocess", "Imported again"),
                            ("undo", "Import undone"),
                            ("clear", "Database cleared"),
                            ("retention", "Retention applied"),
                            ("erasure", "Erased"),
                            ("subject-access", "Subject access"),
                            ("acknowledge", "Acknowledged"),
                            ("remove-acknowledgement", "Acknowledgement removed"),
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
                (
                    "channel",
                    models.CharField(
                        choices=[
                            ("command", "Command line"),
                            ("upload", "Upload page"),
                            ("api", "API"),
                            ("admin", "Admin"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "username",
                    models.CharField(blank=True, max_length=150, verbose_name="user"),
                ),
                (
                    "user_id",
                    models.BigIntegerField(
                        blank=True, null=True, verbose_name="user id"
                    ),
                ),
                (
                    "token",
                    models.CharField(
                        blank=True, max_length=120, verbose_name="API token"
                    ),
                ),
                (
                    "request_id",
                    models.UUIDField(blank=True, null=True, verbose_name="request id"),
                ),
                ("object_type", models.CharField(blank=True, max_length=50)),
                ("object_id", models.BigIntegerField(blank=True, null=True)),
                (
                    "object_label",
                    models.CharField(blank=True, max_length=255, verbose_name="object"),
                ),
                ("details", models.JSONField(blank=True, default=dict)),
            ],
            options={
                "verbose_name_plural": "audit trail",
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(fields=["at", "id"], name="audit_event_at_idx"),
                    models.Index(
                        fields=["action", "at", "id"], name="audit_event_action_idx"
                    ),
                    models.Index(
                        fields=["username", "at", "id"], name="audit_event_user_idx"
                    ),
                    models.Index(
                        fields=["object_label", "at", "id"],
                        name="audit_event_label_idx",
                    ),
                    models.Index(
                        fields=["object_type", "object_id", "at", "id"],
                        name="audit_event_object_idx",
                    ),
                    models.Index(fields=["request_id"], name="audit_event_request_idx"),
                ],
            },
        ),
        migrations.RunPython(create_triggers, drop_triggers),
        migrations.RunPython(copy_acknowledgements, migrations.RunPython.noop),
        migrations.RunPython(grant_permissions, migrations.RunPython.noop),
    ]
