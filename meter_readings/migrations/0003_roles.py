"""What people may do beside looking, and the roles that may do it."""

from django.contrib.auth.management import create_permissions
from django.db import migrations

_VIEW_WHAT_CAME = [
    "view_flowfile",
    "view_meterpoint",
    "view_meter",
    "view_reading",
    "view_sitevisit",
    "view_finding",
]
_VIEW_ALL = [*_VIEW_WHAT_CAME, "view_importjob"]

# Nobody has "clear_database" by a role: it is given to a person.
ROLES = {
    "Metering operations": [
        *_VIEW_ALL,
        "import_flowfile",
        "undo_flowfile",
        "export_reading",
        "use_testing_dashboard",
    ],
    "Support agent": _VIEW_WHAT_CAME,
    "Auditor": [*_VIEW_ALL, "export_reading"],
    "Integration": [*_VIEW_ALL, "import_flowfile", "export_reading"],
}


def create_roles(apps, schema_editor):
    """Make the groups; the permissions themselves are made after all migrations."""
    application = apps.get_app_config("meter_readings")
    application.models_module = True
    create_permissions(application, apps=apps, verbosity=0)
    application.models_module = None
    permissions = apps.get_model("auth", "Permission").objects.filter(
        content_type__app_label="meter_readings"
    )
    for name, codenames in ROLES.items():
        group, _ = apps.get_model("auth", "Group").objects.get_or_create(name=name)
        group.permissions.add(*permissions.filter(codename__in=codenames))


def remove_roles(apps, schema_editor):
    """Take the groups away again."""
    apps.get_model("auth", "Group").objects.filter(name__in=ROLES).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("meter_readings", "0002_references_by_set"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="flowfile",
            options={
                "permissions": [
                    ("import_flowfile", "Can import flow files"),
                    ("undo_flowfile", "Can undo the import of flow files"),
                    ("use_testing_dashboard", "Can use the testing dashboard"),
                    (
                        "clear_database",
                        "Can clear the database of all that was imported",
                    ),
                ]
            },
        ),
        migrations.AlterModelOptions(
            name="reading",
            options={
                "permissions": [
                    ("export_reading", "Can export readings and original files")
                ]
            },
        ),
        migrations.RunPython(create_roles, remove_roles),
    ]
