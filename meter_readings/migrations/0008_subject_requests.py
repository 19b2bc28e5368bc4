"""What was erased or handed over on a person's request, and what is left of files."""

from django.contrib.auth.management import create_permissions
from django.db import migrations, models

CHANNELS = [
    ("command", "Command line"),
    ("upload", "Upload page"),
    ("api", "API"),
    ("folder", "Folder"),
    ("admin", "Admin"),
]


def let_auditors_look(apps, schema_editor):
    """Let the auditors see it; permissions themselves are made after all migrations."""
    application = apps.get_app_config("meter_readings")
    application.models_module = True
    create_permissions(application, apps=apps, verbosity=0)
    application.models_module = None
    permission = apps.get_model("auth", "Permission").objects.get(
        content_type__app_label="meter_readings", codename="view_subjectrequest"
    )
    for group in apps.get_model("auth", "Group").objects.filter(name="Auditor"):
        group.permissions.add(permission)


class Migration(migrations.Migration):
    dependencies = [("meter_readings", "0007_api_tokens")]

    operations = [
        migrations.AddField(
            model_name="flowfile",
            name="readings_deleted",
            field=models.PositiveBigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="flowfile",
            name="redacted_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.CreateModel(
            name="SubjectRequest",
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
                        choices=[("access", "Access"), ("erasure", "Erasure")],
                        max_length=10,
                    ),
                ),
                ("pseudonym", models.CharField(db_index=True, max_length=64)),
                ("answered_at", models.DateTimeField(db_index=True)),
                ("answered_by", models.CharField(max_length=150)),
                ("channel", models.CharField(choices=CHANNELS, max_length=10)),
                ("reason", models.CharField(blank=True, max_length=200)),
                ("counts", models.JSONField(blank=True, default=dict)),
            ],
        ),
        migrations.RunPython(let_auditors_look, migrations.RunPython.noop),
    ]
