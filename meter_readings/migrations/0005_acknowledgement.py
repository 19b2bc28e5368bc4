"""Acknowledgements of flow files, and indexes that find what was done about a file."""

import django.db.models.deletion
from django.conf import settings
from django.contrib.auth.management import create_permissions
from django.db import migrations, models


def grant_permission(apps, schema_editor):
    # As in 0003: Django creates permissions only after all migrations.
    app_config = apps.get_app_config("meter_readings")
    app_config.models_module = True
    create_permissions(app_config, apps=apps, verbosity=0)
    app_config.models_module = None
    permission = apps.get_model("auth", "Permission").objects.get(
        content_type__app_label="meter_readings", codename="acknowledge_flowfile"
    )
    for group in apps.get_model("auth", "Group").objects.filter(
        name="Metering operations"
    ):
        group.permissions.add(permission)


class Migration(migrations.Migration):
    dependencies = [
        ("meter_readings", "0004_reading_lists_by_key"),
        ("admin", "0003_logentry_add_action_flag_choices"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="flowfile",
            options={
                "permissions": [
                    ("import_flowfile", "Can import flow files"),
                    ("undo_flowfile", "Can undo the import of flow files"),
                    (
                        "acknowledge_flowfile",
                        "Can acknowledge flow files that need attention",
                    ),
                    ("use_testing_dashboard", "Can use the testing dashboard"),
                    ("clear_database", "Can delete all imported data"),
                ]
            },
        ),
        migrations.AddField(
            model_name="flowfile",
            name="acknowledged_at",
            field=models.DateTimeField(
                blank=True, null=True, verbose_name="acknowledged"
            ),
        ),
        migrations.AddField(
            model_name="flowfile",
            name="acknowledged_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="flowfile",
            name="acknowledgement_note",
            field=models.CharField(blank=True, max_length=200),
        ),
        migrations.AddIndex(
            model_name="flowfile",
            index=models.Index(
                fields=["filename", "status", "received_at"], name="flow_file_name_idx"
            ),
        ),
        migrations.AddIndex(
            model_name="flowfile",
            index=models.Index(
                fields=[
                    "file_identifier",
                    "from_participant",
                    "status",
                    "received_at",
                ],
                name="flow_file_identifier_idx",
            ),
        ),
        # The history of a flow file shows its entries in Django's admin log.
        migrations.RunSQL(
            "CREATE INDEX admin_log_object_idx"
            " ON django_admin_log (object_id, content_type_id)",
            "DROP INDEX admin_log_object_idx",
        ),
        migrations.RunPython(grant_permission, migrations.RunPython.noop),
    ]
