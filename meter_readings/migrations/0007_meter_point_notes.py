"""Notes about meter points, and the roles that may view, add and delete them."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from . import _roles

ROLES = {
    "Metering operations": [
        "view_meterpointnote",
        "add_meterpointnote",
        "delete_meterpointnote",
    ],
    "Support agent": ["view_meterpointnote", "add_meterpointnote"],
    "Auditor": ["view_meterpointnote"],
}


def grant_permissions(apps, schema_editor):
    _roles.grant(ROLES, apps)


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
