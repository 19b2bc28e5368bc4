"""The roles, as groups with permissions."""

from django.db import migrations

from . import _roles

_VIEW_IMPORTED = [
    "view_flowfile",
    "view_meterpoint",
    "view_meter",
    "view_reading",
    "view_sitevisit",
    "view_finding",
]
_VIEW_ALL = [*_VIEW_IMPORTED, "view_importjob"]

# No role has "clear_database"; a superuser can give it to a user.
ROLES = {
    "Metering operations": [
        *_VIEW_ALL,
        "import_flowfile",
        "undo_flowfile",
        "export_reading",
        "use_testing_dashboard",
    ],
    "Support agent": _VIEW_IMPORTED,
    "Auditor": [*_VIEW_ALL, "view_subjectrequest", "export_reading"],
    "Integration": [*_VIEW_ALL, "import_flowfile", "export_reading"],
}


def create_roles(apps, schema_editor):
    for name in ROLES:
        apps.get_model("auth", "Group").objects.get_or_create(name=name)
    _roles.grant(ROLES, apps)


def remove_roles(apps, schema_editor):
    apps.get_model("auth", "Group").objects.filter(name__in=ROLES).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("meter_readings", "0002_postgresql"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [migrations.RunPython(create_roles, remove_roles)]
