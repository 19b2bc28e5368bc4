"""Notes about meter points, and the roles that may view, add and delete them."""

import django.db.models.deletion
from django.conf import settings
from django.contrib.auth.management import create_permissions
from django.db import migrations, models

ROLES = {
    "Metering operations": ["view", "add", "delete"],
    "Support agent": ["view", "add"],
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
        codenames = [f"{action}_meterpointnote" for action in ROLES[group.name]]
        group.permissions.add(*permissions.filter(codename__in=codenames))


class Migration(migrations.Migration):

    dependencies = [
        ("meter_readings", "0006_changed_at"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="MeterPointNote",
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
                ("mpan", models.CharField(max_length=13, verbose_name="MPAN")),
                ("text", models.TextField()),
                ("written_at", models.DateTimeField(db_index=True)),
                (
                    "written_by",
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
                "default_permissions": ("add", "delete", "view"),
                "indexes": [
                    models.Index(fields=["mpan", "written_at"], name="note_mpan_idx")
                ],
            },
        ),
        migrations.RunPython(grant_permissions, migrations.RunPython.noop),
    ]
